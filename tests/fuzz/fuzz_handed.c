/*
 * A record of ztp.journal: another bridge's entry. What is taken has a place in a
 * journal, and says the same when it is written again.
 */
#include "fuzz.h"

#include "bridge/journal/journal_entry.h"
#include "bridge/journal/journal_record.h"
#include "ztp/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t head[JOURNAL_RECORD_HEAD];
	struct journal_record record;
	struct journal_entry entry;

	if (journal_record_decode(&record, data, size, NULL) != 0)
		return 0;
	MUST(ztp_hex_lower(record.journal, JOURNAL_ID_LEN - 1));
	MUST(journal_before(&record.before, &record.after));
	MUST(record.len > 0 && record.len <= JOURNAL_ENTRY_MAX);
	journal_record_head(head, &record);
	MUST(memcmp(head, data, sizeof(head)) == 0);
	if (journal_entry_unpack(&entry, record.entry, record.len, NULL) == 0)
		journal_entry_clear(&entry);
	return 0;
}
