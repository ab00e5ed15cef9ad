/* The mark of a journal, and the position in ztp.journal, as rows of the state. */
#include <stdlib.h>

#include "bridge/ledger/turns.h"
#include "bridge/store/store_state.h"

int turns_mark_get(struct store *store, const char *journal,
		   struct journal_mark *mark, struct ztp_error *error)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	int rc = store_state_get(store, STATE_JOURNAL, journal, &row, &bytes,
				 error);

	*mark = (struct journal_mark){0};
	if (rc == 1)
		*mark = (struct journal_mark){
			(uint64_t)row.cells[STATE_JOURNAL_SEGMENT].number,
			(uint64_t)row.cells[STATE_JOURNAL_OFFSET].number};
	free(bytes.p);
	return rc < 0 ? rc : 0;
}

int turns_mark_put(struct store *store, const char *journal,
		   const struct journal_mark *mark, struct ztp_error *error)
{
	struct state_row row = {.kind = STATE_JOURNAL,
				.name = ztp_str_of(journal),
				.count = STATE_JOURNAL_CELLS};

	row.cells[STATE_JOURNAL_SEGMENT] = (struct state_cell){
		.type = STATE_NUMBER, .number = (int64_t)mark->segment};
	row.cells[STATE_JOURNAL_OFFSET] = (struct state_cell){
		.type = STATE_NUMBER, .number = (int64_t)mark->offset};
	return store_state_put(store, &row, error);
}

int turns_taken_get(struct store *store, int64_t *next, struct ztp_error *error)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	int rc = store_state_get(store, STATE_TAKEN, "", &row, &bytes, error);

	*next = rc == 1 ? row.cells[0].number : TURNS_NOTHING;
	free(bytes.p);
	return rc < 0 ? rc : 0;
}

int turns_taken_put(struct store *store, int64_t next, struct ztp_error *error)
{
	struct state_row row = {.kind = STATE_TAKEN, .count = 1};

	row.cells[0] =
		(struct state_cell){.type = STATE_NUMBER, .number = next};
	return store_state_put(store, &row, error);
}
