/* What a process has left in its journal, for one that does not write there. */
#include <errno.h>
#include <stdatomic.h>

#include "bridge/journal/journal_internal.h"

/* The tail is in front of a file that is not there, so all files are ones that
 * are no longer written. */
int journal_open_left(struct journal **out, const char *base,
		      struct ztp_error *error)
{
	struct journal *journal;
	int rc = journal_new(&journal, base, error);

	if (rc != 0)
		return rc;
	if (journal_each_segment(journal, journal_find_ends) != 0)
		rc = journal_io_error(error, "cannot read the directory");
	else
		rc = journal_check_kinds(journal, error);
	if (rc != 0) {
		journal_close(journal);
		return rc;
	}
	atomic_store(&journal->tail, journal->first << OFFSET_BITS);
	*out = journal;
	return 0;
}

int journal_reaches(struct journal *journal, const struct journal_mark *mark,
		    struct ztp_error *error)
{
	struct journal_mark at = {.segment = mark->segment};
	const void *bytes;
	size_t len;
	int rc = 1;

	if (mark->segment == 0 && mark->offset == 0)
		return 1;
	if (journal->first <= mark->segment)
		return 0;
	while (rc > 0 && journal_before(&at, mark))
		rc = journal_read(journal, &at, &bytes, &len, error);
	if (rc < 0)
		return rc;
	/* Past the file's end, unless there is another one. */
	return at.segment == mark->segment ||
	       journal->first > mark->segment + 1;
}

void journal_remove(struct journal *journal, uint64_t segment)
{
	journal->released = segment;
	(void)journal_each_segment(journal, journal_remove_old);
}
