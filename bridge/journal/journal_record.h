/*
 * bridge/journal/journal_record.h - an entry of a bridge's journal as a record of
 * ztp.journal, by which a bridge that is not active hands it to the one that is.
 *
 * One byte of format, the journal's id (16 bytes), the place before and the place
 * after the entry (segment and offset, 8 bytes each, the lowest first), and the
 * entry's bytes, which have a version of their own. An entry is taken if its
 * journal's mark lies between its two places: at or behind the second one it has
 * been taken, and in front of the first one an entry between them is missing. A
 * format is read one release before it is written.
 *
 * Its key is the group of the bridge that has written it (kafka.group), a slash and
 * the journal's id: two groups that share the topic by mistake leave each other's
 * entries alone. A release that did not write the group wrote the id alone. Pure;
 * any thread.
 */
#ifndef BRIDGE_JOURNAL_JOURNAL_RECORD_H
#define BRIDGE_JOURNAL_JOURNAL_RECORD_H

#include "bridge/journal/journal.h"
#include "bridge/journal/journal_id.h"
#include "ztp/text.h"

#define JOURNAL_RECORD_FORMAT 1
#define JOURNAL_RECORD_HEAD   (1 + (JOURNAL_ID_LEN - 1) / 2 + 4 * 8)
#define JOURNAL_RECORD_MAX    (JOURNAL_RECORD_HEAD + JOURNAL_ENTRY_MAX)

struct journal_record {
	char journal[JOURNAL_ID_LEN];
	struct journal_mark before, after;
	const void *entry; /* a view */
	size_t len;
};

/* Writes the first JOURNAL_RECORD_HEAD bytes; the entry's follow. */
void journal_record_head(uint8_t head[JOURNAL_RECORD_HEAD],
			 const struct journal_record *record);

/* Errors: ZTP_ERR_STATE_NEWER, of a later release; ZTP_ERR_VALUE, it is none. */
int journal_record_decode(struct journal_record *record, const void *bytes,
			  size_t len, struct ztp_error *error);

/* The group that wrote the record with this key; p NULL: it does not say. */
struct ztp_str journal_record_group(struct ztp_str key);

#endif
