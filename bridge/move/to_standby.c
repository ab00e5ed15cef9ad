/*
 * --to-standby: the store becomes ztp.state, and a copy of it.
 *
 * First the store notes, durably, the id of the birth to come. Then its rows are
 * written, then that birth, then the store says that it is a copy. A run that
 * finds rows without a birth removes them and begins again, since they may be of
 * another store. One that finds its own birth has only the last step to do.
 *
 * What the single bridge's journal still has behind its mark is not written: the
 * row j/{id} says from where, and the bridge takes it, or hands it over, when it
 * is started as one of several.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "bridge/journal/journal_id.h"
#include "bridge/ledger/turns.h"
#include "bridge/move/move_internal.h"
#include "bridge/standby/group_topics.h"
#include "ztp/codec.h"

#define AGAIN_MS 200
#define ID_BYTES 16

struct source {
	struct store_moving moving;
	struct store_copy copy;
	bool single;
	char birth[STORE_BIRTH_MAX + 1]; /* of the topic it is a copy of */
};

/* --- what there is */

static int read_birth(struct store *store, char id[STORE_BIRTH_MAX + 1],
		      struct ztp_error *error)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	int rc = store_state_get(store, STATE_BIRTH, "", &row, &bytes, error);

	id[0] = '\0';
	if (rc == 1) {
		memcpy(id, row.cells[STATE_BIRTH_ID].bytes.p,
		       row.cells[STATE_BIRTH_ID].bytes.n);
		id[row.cells[STATE_BIRTH_ID].bytes.n] = '\0';
	}
	free(bytes.p);
	return rc < 0 ? rc : 0;
}

static int read_source(struct move *m, struct source *source,
		       struct ztp_error *error)
{
	int rc = store_move_get(m->store, &source->moving, error);

	if (rc == 0)
		rc = store_copy_get(m->store, &source->copy, error);
	if (rc == 0)
		rc = read_birth(m->store, source->birth, error);
	source->single = source->copy.next == 0 && !source->copy.partly;
	return rc;
}

/* A single bridge may have applied what Kafka does not have yet. */
static int check_source(const struct move *m, const struct source *source,
			struct ztp_error *error)
{
	const char *path = m->core.config->store.path;
	struct journal_mark mark, floor;

	if (source->copy.partly)
		return ztp_fail(error, ZTP_ERR_USAGE,
				"store %s is a copy that was not read to its "
				"end",
				path);
	store_mark_get(m->store, &mark);
	store_floor_get(m->store, &floor);
	if (source->single &&
	    (store_outbox_count(m->store) > 0 || journal_before(&floor, &mark)))
		return ztp_fail(error, ZTP_ERR_USAGE,
				"store %s has records that Kafka may lack: "
				"start the bridge, let it drain, stop it",
				path);
	return 0;
}

static int await_topics(struct move *m, struct ztp_error *error)
{
	int64_t until = ztp_clock_boot() + MOVE_WAIT_MS;
	int rc = group_topics_check(&m->core, NULL, error);

	while ((rc == ZTP_ERR_IO || rc == ZTP_ERR_MISSING) &&
	       ztp_clock_boot() < until) {
		(void)poll(NULL, 0, AGAIN_MS);
		rc = group_topics_check(&m->core, NULL, error);
	}
	return rc;
}

/* Is what is in Kafka this store's already? A birth that is not is refused. */
static int check_birth(const struct move *m, const struct source *source,
		       const struct move_seen *seen, bool *ours,
		       struct ztp_error *error)
{
	const char *id = source->moving.move == STORE_TO_STANDBY
				 ? source->moving.birth
				 : source->birth;

	*ours = seen->birth >= 0 && strcmp(id, seen->id) == 0;
	if (seen->birth < 0 || *ours)
		return 0;
	return ztp_fail(error, ZTP_ERR_USAGE,
			"%s is not empty: it is the state of another store or "
			"of a running group; delete it and create it anew",
			m->core.config->kafka.topics.state);
}

/* --- the store */

static int put_birth(struct store *store, const char *id, int64_t at,
		     struct ztp_error *error)
{
	struct state_row row = {.kind = STATE_BIRTH,
				.count = STATE_BIRTH_CELLS};

	row.cells[STATE_BIRTH_ID] = (struct state_cell){
		.type = STATE_TEXT, .bytes = ztp_str_of(id)};
	row.cells[STATE_BIRTH_AT] =
		(struct state_cell){.type = STATE_NUMBER, .number = at};
	return store_state_put(store, &row, error);
}

/* Of a copy the row is there, and may be ahead of this machine's own files. */
static int put_mark(struct move *m, struct ztp_error *error)
{
	char id[JOURNAL_ID_LEN];
	struct journal_mark mark;
	int rc = journal_id(id, m->core.config->store.path, error);

	store_mark_get(m->store, &mark);
	return rc == 0 ? turns_mark_put(m->store, id, &mark, error) : rc;
}

/* A ztp.journal that was created anew begins at its start. */
static int check_taken(struct move *m, struct ztp_error *error)
{
	const struct state_row gone = {.kind = STATE_TAKEN, .removed = true};
	int64_t taken = 0, start = 0, end = 0;
	int rc = turns_taken_get(m->store, &taken, error);

	if (rc == 0)
		rc = move_journal_bounds(m, &start, &end, error);
	return rc == 0 && taken > end ? store_state_put(m->store, &gone, error)
				      : rc;
}

static int note(struct move *m, struct source *source, struct ztp_error *error)
{
	uint8_t random[ID_BYTES];
	int rc = check_taken(m, error);

	if (source->moving.move != STORE_TO_STANDBY) {
		ztp_random(random, sizeof(random));
		ztp_hex_encode(source->moving.birth, random, sizeof(random));
	}
	source->moving.move = STORE_TO_STANDBY;
	if (rc == 0 && source->single)
		rc = put_mark(m, error);
	if (rc == 0)
		rc = store_move_set(m->store, &source->moving, error);
	return rc == 0 ? store_copy_commit(m->store, &source->copy, error) : rc;
}

/* It stands for everything up to the birth, so what came after it is read. */
static int finish(struct move *m, const char *id, int64_t offset, int64_t at,
		  struct ztp_error *error)
{
	const struct store_copy copy = {
		.next = offset + 1, .written_at = at, .birth = offset + 1};
	int rc = put_birth(m->store, id, at, error);

	return rc == 0 ? store_make_copy(m->store, &copy, error) : rc;
}

/* --- ztp.state */

static int write_birth(struct move *m, const struct source *source,
		       struct ztp_error *error)
{
	struct turn_result result = {0};
	struct state_bytes bytes = {0};
	struct state_row row;
	int64_t at = ztp_clock_wall();
	struct store_state_row birth = {.key = ztp_str_of(STATE_BIRTH_KEY)};
	int rc = put_birth(m->store, source->moving.birth, at, error);

	if (rc == 0)
		rc = store_state_get(m->store, STATE_BIRTH, "", &row, &bytes,
				     error);
	birth.value = (struct ztp_str){(const char *)bytes.p, bytes.len};
	rc = rc == 1 ? move_add(m, &birth, error) : rc;
	if (rc == 0)
		rc = move_send(m, &result, error);
	free(bytes.p);
	return rc == 0 ? finish(m, source->moving.birth, result.birth - 1,
				result.written_at, error)
		       : rc;
}

static int write_all(struct move *m, const struct source *source,
		     const struct move_seen *seen, struct ztp_error *error)
{
	int rc;

	m->first_at = seen->end;
	rc = seen->rows > 0 ? move_clear(m, error) : 0;
	m->rows = 0;
	if (rc == 0)
		rc = store_state_all(m->store, move_add, m, error);
	if (rc == 0)
		rc = move_send(m, NULL, error);
	return rc == 0 ? write_birth(m, source, error) : rc;
}

/* --- from start to end */

static void say(struct move *m)
{
	int64_t requests =
		store_unfinished(m->store) + store_finished(m->store);

	(void)fprintf(m->out,
		      "%s: the state of %" PRId64 " requests, %" PRId64
		      " rows written in %.1f s\n",
		      m->core.config->kafka.topics.state, requests, m->rows,
		      move_seconds(m));
}

/* The earlier run had written everything. */
static int finish_earlier(struct move *m, const struct source *source,
			  const struct move_seen *seen, struct ztp_error *error)
{
	int rc = 0;

	if (source->moving.move == STORE_TO_STANDBY)
		rc = finish(m, seen->id, seen->birth, seen->born_at, error);
	else if (source->moving.move == STORE_FROM_STANDBY)
		rc = store_make_copy(m->store, &source->copy, error);
	if (rc == 0)
		(void)fprintf(m->out, "%s: is this store's already\n",
			      m->core.config->kafka.topics.state);
	return rc;
}

static int write_state(struct move *m, struct source *source,
		       struct ztp_error *error)
{
	struct move_seen seen;
	bool ours = false;
	int rc = note(m, source, error);

	if (rc == 0)
		rc = move_open_turns(m, error);
	if (rc == 0) /* what was under way has ended */
		rc = move_look(m, true, &seen, error);
	if (rc == 0)
		rc = check_birth(m, source, &seen, &ours, error);
	if (rc != 0)
		return rc;
	if (ours)
		return finish_earlier(m, source, &seen, error);
	rc = write_all(m, source, &seen, error);
	if (rc == 0)
		say(m);
	return rc;
}

static int to_standby(struct move *m, struct ztp_error *error)
{
	struct source source = {0};
	struct move_seen seen;
	bool ours = false;
	int rc = move_open_store(m, error);

	if (rc == 0)
		rc = read_source(m, &source, error);
	if (rc == 0)
		rc = check_source(m, &source, error);
	if (rc == 0)
		rc = await_topics(m, error);
	if (rc == 0)
		rc = move_look(m, false, &seen, error);
	if (rc == 0)
		rc = check_birth(m, &source, &seen, &ours, error);
	if (rc == 0 && ours)
		return finish_earlier(m, &source, &seen, error);
	if (rc == 0)
		rc = move_check_alone(m, error);
	return rc == 0 ? write_state(m, &source, error) : rc;
}

int move_to_standby(const struct config *config, FILE *out, FILE *err)
{
	struct ztp_error error = {0};
	struct move m;
	int rc = move_begin(&m, config, out, &error);

	if (rc == 0)
		rc = to_standby(&m, &error);
	return move_end(&m, rc, &error, err);
}
