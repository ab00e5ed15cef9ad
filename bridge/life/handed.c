/*
 * Another bridge's entry is applied as one of this bridge's own that is told
 * again: judged as when it came. It may come more than once, since whoever writes
 * it does not know at once that it was taken; the mark of its journal, which is a
 * row of the same turn, passes over the others.
 *
 * This bridge's own entries are read from its files, which it keeps until they are
 * taken. What it wrote to ztp.journal while it stood by waits until they have
 * been, so that an entry is not passed over before it is safe.
 */
#include "bridge/life/handed.h"

#include <string.h>

#include "bridge/journal/journal_entry.h"
#include "bridge/journal/journal_record.h"
#include "bridge/ledger/turns.h"
#include "bridge/life/pending.h"

#define NEWER_MS  30000
#define SHARED_MS 600000

/* --- records that cannot be taken */

/* A bridge that can read it takes it when it is active. */
static int leave(struct handed *handed, const struct bridge *b,
		 const struct leftover *item, const struct ztp_error *why)
{
	uint64_t suppressed;

	if (log_every(&handed->newer, NEWER_MS, b->core.now + 1, &suppressed))
		log_error(b->core.log, "journal_newer",
			  LOG_INT("offset", item->offset), LOG_WHY(why),
			  LOG_UINT("suppressed", suppressed));
	return 0;
}

/* Of another group's bridges: that one takes it. */
static int pass_others(struct handed *handed, const struct bridge *b,
		       const struct leftover *item)
{
	uint64_t suppressed;

	if (log_every(&handed->shared, SHARED_MS, b->core.now + 1, &suppressed))
		log_warn(b->core.log, "journal_shared",
			 LOG_STR("topic", b->core.config->kafka.topics.journal),
			 LOG_INT("offset", item->offset),
			 LOG_STR("group", item->other),
			 LOG_STR("hint",
				 "another cell writes there: each has a "
				 "kafka.topics.journal of its own"),
			 LOG_UINT("suppressed", suppressed));
	return 1;
}

static int pass_by(const struct bridge *b, const struct leftover *item,
		   const struct ztp_error *why)
{
	log_error(b->core.log, "journal_unreadable",
		  LOG_INT("offset", item->offset), LOG_WHY(why));
	return 1;
}

/* Its owner has not written what comes before it, and will write both again. */
static int pass_gap(const struct bridge *b, const struct leftover *item,
		    const struct journal_record *record)
{
	log_warn(b->core.log, "journal_gap", LOG_INT("offset", item->offset),
		 LOG_STR("journal", record->journal));
	return 1;
}

/* Only whether it can be read. */
static int check_entry(const struct journal_record *record,
		       struct ztp_error *why)
{
	struct journal_entry entry;
	int rc = journal_entry_unpack(&entry, record->entry, record->len, why);

	if (rc == 0)
		journal_entry_clear(&entry);
	return rc;
}

/* --- taking */

static int take(struct handed *handed, struct bridge *b,
		const struct journal_record *record, struct ztp_error *error)
{
	bool blocked = false;
	int rc;

	b->handed = true;
	rc = pending_take(b, record->entry, record->len, &blocked, error);
	b->handed = false;
	if (rc != 0 || blocked)
		return rc;
	handed->taken++;
	return 1;
}

static int take_others(struct handed *handed, struct bridge *b,
		       const struct leftover *item,
		       const struct journal_record *record,
		       struct ztp_error *error)
{
	struct journal_mark mark;
	int rc = turns_mark_get(b->store, record->journal, &mark, error);

	if (rc != 0)
		return rc;
	if (!journal_before(&mark, &record->after))
		return 1;
	if (journal_before(&mark, &record->before))
		return pass_gap(b, item, record);
	rc = take(handed, b, record, error);
	if (rc != 1)
		return rc;
	rc = turns_mark_put(b->store, record->journal, &record->after, error);
	return rc == 0 ? 1 : rc;
}

/* What this process writes it does not hand over. So a place behind its first file
 * is of files that are gone: the disk is that of an earlier day. */
static int take_own(struct handed *handed, struct bridge *b,
		    const struct journal_record *record,
		    struct ztp_error *error)
{
	if (record->after.segment >= journal_first_segment(b->journal))
		return take(handed, b, record, error);
	return journal_before(&b->mark, &record->after) ? 0 : 1;
}

int handed_take(struct handed *handed, struct bridge *b,
		const struct leftover *item, struct ztp_error *error)
{
	struct journal_record record;
	struct ztp_error why = {0};
	int rc;

	if (item->other)
		return pass_others(handed, b, item);
	rc = journal_record_decode(&record, item->bytes, item->len, &why);
	if (rc == 0)
		rc = check_entry(&record, &why);
	if (rc == ZTP_ERR_NOMEM)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (rc == ZTP_ERR_STATE_NEWER)
		return leave(handed, b, item, &why);
	if (rc != 0)
		return pass_by(b, item, &why);
	return strcmp(record.journal, handed->own) == 0
		       ? take_own(handed, b, &record, error)
		       : take_others(handed, b, item, &record, error);
}
