/* What is in ztp.state, and the bounds of ztp.journal. */
#include <string.h>

#include "base/clock.h"
#include "bridge/kafka/state_reader.h"
#include "bridge/move/move_internal.h"

#define ROWS	1000 /* at a time */
#define STEP_MS 100

struct reading {
	struct move_seen *seen;
	bool first, ended;
};

/* Visits what is committed from `from` up to `end`; or only as far as there is
 * nothing uncommitted. */
static int visit_all(struct state_reader *r, int64_t from, int64_t end,
		     bool whole, state_reader_visit *visit, void *arg,
		     struct ztp_error *error)
{
	int64_t until = ztp_clock_boot() + MOVE_WAIT_MS;
	int rc = state_reader_from(r, from, error);

	while (rc >= 0 && state_reader_position(r) < end &&
	       (whole || !state_reader_at_end(r))) {
		rc = state_reader_read(r, ROWS, STEP_MS, visit, arg, error);
		if (rc > 0)
			until = ztp_clock_boot() + MOVE_WAIT_MS;
		else if (rc == 0 && ztp_clock_boot() > until)
			rc = ztp_fail(error, ZTP_ERR_IO,
				      "the state cannot be read to its end: "
				      "kafka does not answer, or somebody "
				      "else's transaction is open in it");
	}
	return rc < 0 ? rc : 0;
}

static int open_reader(struct move *m, const char *topic,
		       struct state_reader **r, struct state_bounds *bounds,
		       struct ztp_error *error)
{
	int rc = state_reader_new(r, &m->core, topic, -1, error);

	if (rc == 0)
		rc = state_reader_bounds(*r, MOVE_ASK_MS, bounds, error);
	return rc;
}

/* --- looking */

static void see_birth(struct move_seen *seen, const struct state_record *record,
		      const struct state_row *row)
{
	const struct ztp_str *id = &row->cells[STATE_BIRTH_ID].bytes;

	seen->birth = -1;
	if (row->removed)
		return;
	seen->birth = record->offset;
	seen->born_at = record->written_at;
	memcpy(seen->id, id->p, id->n); /* state_row_decode has bounded it */
	seen->id[id->n] = '\0';
}

static int see(void *arg, const struct state_record *record,
	       struct ztp_error *error)
{
	struct reading *reading = arg;
	struct state_row row;
	int rc = state_row_decode(&row, record->row.key, record->row.value,
				  error);

	if (rc == ZTP_ERR_VALUE) /* no bridge's */
		return 0;
	if (rc != 0)
		return rc;
	reading->seen->rows += !row.removed;
	if (row.kind == STATE_BIRTH)
		see_birth(reading->seen, record, &row);
	return 0;
}

int move_look(struct move *m, bool whole, struct move_seen *seen,
	      struct ztp_error *error)
{
	struct reading reading = {.seen = seen};
	struct state_bounds bounds = {0};
	struct state_reader *r = NULL;
	int rc = open_reader(m, m->core.config->kafka.topics.state, &r, &bounds,
			     error);

	*seen = (struct move_seen){bounds.start, bounds.end, .birth = -1};
	if (rc == 0)
		rc = visit_all(r, bounds.start, bounds.end, whole, see,
			       &reading, error);
	state_reader_free(r);
	return rc;
}

/* --- clearing */

/* A row is removed from a copy by the number that it has there. */
static int64_t number_of(const struct state_row *row)
{
	if (row->kind == STATE_REQUEST)
		return row->cells[STATE_REQUEST_N].number;
	return row->kind == STATE_DECISION ? row->cells[STATE_DECISION_N].number
					   : 0;
}

static int remove_one(void *arg, const struct state_record *record,
		      struct ztp_error *error)
{
	struct store_state_row gone = {.key = record->row.key};
	struct state_row row;
	int rc = state_row_decode(&row, record->row.key, record->row.value,
				  error);

	if (rc == ZTP_ERR_VALUE)
		return 0;
	if (rc != 0 || row.removed)
		return rc;
	gone.row = number_of(&row);
	return move_add(arg, &gone, error);
}

int move_clear(struct move *m, struct ztp_error *error)
{
	struct state_bounds bounds;
	struct state_reader *r = NULL;
	int rc = open_reader(m, m->core.config->kafka.topics.state, &r, &bounds,
			     error);

	if (rc == 0)
		rc = visit_all(r, bounds.start, bounds.end, true, remove_one, m,
			       error);
	if (rc == 0)
		rc = move_send(m, NULL, error);
	state_reader_free(r);
	return rc;
}

/* --- one record */

static int see_first(void *arg, const struct state_record *record,
		     struct ztp_error *error)
{
	struct reading *reading = arg;

	(void)error;
	if (!reading->first)
		reading->ended = ztp_str_is(record->row.key, STATE_BIRTH_KEY) &&
				 !record->row.value.p;
	reading->first = true;
	return 0;
}

int move_ended_at(struct move *m, int64_t offset, bool *ended,
		  struct ztp_error *error)
{
	struct reading reading = {0};
	struct state_bounds bounds;
	struct state_reader *r = NULL;
	int rc = open_reader(m, m->core.config->kafka.topics.state, &r, &bounds,
			     error);

	if (rc == 0 && bounds.start <= offset && offset < bounds.end)
		rc = visit_all(r, offset, bounds.end, false, see_first,
			       &reading, error);
	state_reader_free(r);
	*ended = reading.ended;
	return rc;
}

/* --- the other topic */

int move_journal_bounds(struct move *m, int64_t *start, int64_t *end,
			struct ztp_error *error)
{
	struct state_bounds bounds = {0};
	struct state_reader *r = NULL;
	int rc = open_reader(m, m->core.config->kafka.topics.journal, &r,
			     &bounds, error);

	state_reader_free(r);
	*start = bounds.start;
	*end = bounds.end;
	return rc;
}
