/* The intake journal's entries, as they might come back from a damaged disk:
 * what is believed reads well and comes back the same when it is written. */
#include "fuzz.h"

#include "bridge/journal/journal_entry.h"

static volatile size_t seen; /* or the compiler would not look */

static void read_all(const struct journal_entry *e)
{
	size_t i, sum;

	sum = strlen(e->path) + strlen(e->request_id) + strlen(e->traceparent) +
	      strlen(e->own_id) + strlen(e->own_trace) + strlen(e->topic) +
	      strlen(e->cert.serial) + strlen(e->cert.subject) +
	      strlen(e->cert.issuer) + strlen(e->why.message);
	for (i = 0; i < e->cert.san_count; i++)
		sum += strlen(e->cert.san[i]);
	for (i = 0; i < e->text_len; i++)
		sum += (size_t)e->text[i];
	seen = sum;
	MUST(e->text[e->text_len] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *one = NULL, *two = NULL;
	size_t cap_one = 0, cap_two = 0;
	struct journal_entry entry, again;
	long n, m;

	if (journal_entry_unpack(&entry, data, size, NULL) != 0)
		return 0;
	read_all(&entry);
	n = journal_entry_pack(&one, &cap_one, &entry);
	MUST(n > 0);
	MUST(journal_entry_unpack(&again, one, (size_t)n, NULL) == 0);
	m = journal_entry_pack(&two, &cap_two, &again);
	MUST(m == n && memcmp(one, two, (size_t)n) == 0);
	journal_entry_clear(&again);
	journal_entry_clear(&entry);
	free(two);
	free(one);
	return 0;
}
