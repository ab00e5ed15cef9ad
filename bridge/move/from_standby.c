/*
 * --from-standby: the state of a group becomes a single bridge's store.
 *
 * The copy is read to the end of ztp.state, durably. The store notes what is
 * under way, then the birth is removed from ztp.state, so that no bridge of the
 * group can become active any more, wherever it may be started; then the store
 * says that it is a single bridge's. A run that finds the birth removed where its
 * own copy ends has only the last step to do.
 *
 * What the group has taken from no journal yet would be lost, so this is refused
 * until there is nothing of the kind: an active one that has left in order has
 * taken its own journal, the others have handed over theirs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bridge/journal/journal_id.h"
#include "bridge/ledger/copy.h"
#include "bridge/ledger/turns.h"
#include "bridge/move/move_internal.h"
#include "bridge/standby/claim.h"

#define ROWS 4096 /* at a time */

/* --- the store alone */

static int finish(struct move *m, struct store *store, struct ztp_error *error)
{
	char id[JOURNAL_ID_LEN];
	struct journal_mark mark = {0};
	int rc = journal_id(id, m->core.config->store.path, error);

	if (rc == 0)
		rc = turns_mark_get(store, id, &mark, error);
	if (rc == 0)
		rc = store_make_single(store, &mark, error);
	if (rc == 0)
		(void)fprintf(m->out,
			      "store %s is a single bridge's: %" PRId64
			      " requests, in %.1f s\n",
			      m->core.config->store.path,
			      store_unfinished(store) + store_finished(store),
			      move_seconds(m));
	return rc;
}

/* What is noted has not been done: undoes it. */
static int take_back(struct move *m, const struct store_copy *copy,
		     struct ztp_error *error)
{
	static const struct store_moving none = {0};
	int rc = store_move_set(m->store, &none, error);

	return rc == 0 ? store_copy_commit(m->store, copy, error) : rc;
}

/* --to-standby was killed, and is not wanted any more. */
static int end_to_standby(struct move *m, const struct store_moving *moving,
			  const struct store_copy *copy, bool *done,
			  struct ztp_error *error)
{
	struct move_seen seen;
	int rc = move_look(m, true, &seen, error);

	if (rc == 0 && seen.birth >= 0 && strcmp(seen.id, moving->birth) == 0)
		rc = ztp_fail(error, ZTP_ERR_USAGE,
			      "store %s: --to-standby was not finished: run it "
			      "first",
			      m->core.config->store.path);
	if (rc == 0)
		rc = take_back(m, copy, error);
	*done = rc == 0 && copy->next == 0;
	if (*done)
		(void)fprintf(m->out, "store %s is a single bridge's still\n",
			      m->core.config->store.path);
	return rc;
}

/* Whose store it is, and what an earlier run has done. *done: all of it. */
static int look_at_store(struct move *m, bool *done, struct ztp_error *error)
{
	struct store_moving moving;
	struct store_copy copy = {0};
	int rc = store_move_get(m->store, &moving, error);

	if (rc == 0)
		rc = store_copy_get(m->store, &copy, error);
	if (rc != 0)
		return rc;
	if (moving.move == STORE_TO_STANDBY)
		return end_to_standby(m, &moving, &copy, done, error);
	if (moving.move == STORE_FROM_STANDBY) {
		rc = move_ended_at(m, copy.next, done, error);
		if (rc != 0)
			return rc;
		return *done ? finish(m, m->store, error)
			     : take_back(m, &copy, error);
	}
	*done = copy.next == 0 && !copy.partly &&
		store_has_own(m->store, m->core.config->kafka.topics.decisions);
	if (*done)
		(void)fprintf(m->out, "store %s is a single bridge's already\n",
			      m->core.config->store.path);
	return 0;
}

/* --- the state */

/* whole: to the end of what has been begun, all of which has ended. */
static int read_on(struct copy *copy, bool whole, struct ztp_error *error)
{
	int64_t until = ztp_clock_boot() + MOVE_WAIT_MS, end;
	int rc = copy_end(copy, MOVE_ASK_MS, &end, error);

	while (rc >= 0 &&
	       (!copy_at_end(copy) || (whole && copy_position(copy) < end))) {
		rc = copy_step(copy, ROWS, 100, error);
		if (rc > 0)
			until = ztp_clock_boot() + MOVE_WAIT_MS;
		else if (rc == 0 && ztp_clock_boot() > until)
			rc = ztp_fail(error, ZTP_ERR_IO,
				      "kafka does not answer");
	}
	return rc < 0 ? rc : 0;
}

static int read_all(struct move *m, struct copy *copy, struct ztp_error *error)
{
	int rc = copy_begin(copy, MOVE_ASK_MS, error);

	if (rc == 0)
		rc = read_on(copy, false, error);
	if (rc == 0)
		rc = move_open_turns(m, error);
	if (rc == 0)
		rc = read_on(copy, true, error);
	if (rc == 0 && !copy_has_birth(copy))
		rc = ztp_fail(error, ZTP_ERR_USAGE,
			      "%s is nobody's state: it has no birth",
			      m->core.config->kafka.topics.state);
	return rc;
}

/* --- is there anything that is in no row yet? */

/* The one that was active last, unless it has left or its files are here. Of another
 * group it may be active: that one is not stopped by what this group does. */
static int check_left(const struct move *m, struct store *store,
		      struct ztp_error *error)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	int rc = store_state_get(store, STATE_ACTIVE, "", &row, &bytes, error);
	const struct ztp_str *who = &row.cells[STATE_ACTIVE_INSTANCE].bytes;
	int other = rc == 1 ? claim_check_group(&row, &m->core, error) : 0;

	if (other != 0)
		rc = other;
	if (rc == 1 && row.cells[STATE_ACTIVE_LEFT].number == 0 &&
	    !ztp_str_is(*who, m->core.config->standby.instance))
		rc = ztp_fail(error, ZTP_ERR_USAGE,
			      "%.*s was active last and has not left in order: "
			      "start a bridge of the group, stop it when it is "
			      "active",
			      (int)who->n, who->p);
	free(bytes.p);
	return rc < 0 ? rc : 0;
}

static int check_journal(struct move *m, struct store *store,
			 struct ztp_error *error)
{
	int64_t taken = 0, start = 0, end = 0;
	int rc = turns_taken_get(store, &taken, error);

	if (rc == 0)
		rc = move_journal_bounds(m, &start, &end, error);
	if (rc != 0 || start == end || taken >= end)
		return rc;
	return ztp_fail(error, ZTP_ERR_USAGE,
			"%s has entries that nobody has taken: start a bridge "
			"of the group, stop it when it is active",
			m->core.config->kafka.topics.journal);
}

static int check_held(struct store *store, struct ztp_error *error)
{
	struct store_held held;
	int rc = store_state_held(store, &held, error);

	if (rc == 0 && held.count > 0)
		rc = ztp_fail(error, ZTP_ERR_USAGE,
			      "decisions are held for requests that may still "
			      "come: start a bridge of the group, stop it a "
			      "minute after it is active");
	return rc;
}

/* --- from one to the other */

static int end_state(struct move *m, struct copy *copy, struct ztp_error *error)
{
	static const struct store_moving from = {.move = STORE_FROM_STANDBY};
	const struct store_state_row gone = {
		.key = ztp_str_of(STATE_BIRTH_KEY)};
	int rc = store_move_set(copy_store(copy), &from, error);

	if (rc == 0)
		rc = copy_commit(copy, error);
	if (rc == 0)
		rc = move_add(m, &gone, error);
	return rc == 0 ? move_send(m, NULL, error) : rc;
}

static int take_state(struct move *m, struct copy *copy,
		      struct ztp_error *error)
{
	int rc = read_all(m, copy, error);
	struct store *store = copy_store(copy);

	if (rc == 0)
		rc = check_left(m, store, error);
	if (rc == 0)
		rc = check_journal(m, store, error);
	if (rc == 0)
		rc = check_held(store, error);
	if (rc == 0)
		rc = end_state(m, copy, error);
	return rc == 0 ? finish(m, store, error) : rc;
}

static int open_copy(struct move *m, struct copy **copy,
		     struct ztp_error *error)
{
	const struct config *config = m->core.config;
	const struct copy_options options = {
		.path = config->store.path,
		.sync_full = true,
		.topic = config->kafka.topics.state,
		.decisions = config->kafka.topics.decisions,
		.wake_fd = -1,
	};

	store_close(m->store);
	m->store = NULL;
	return copy_open(copy, &m->core, &options, error);
}

static int from_standby(struct move *m, struct ztp_error *error)
{
	struct copy *copy = NULL;
	bool done = false;
	int rc = move_open_store(m, error);

	if (rc == 0)
		rc = look_at_store(m, &done, error);
	if (rc != 0 || done)
		return rc;
	rc = move_check_alone(m, error);
	if (rc == 0)
		rc = open_copy(m, &copy, error);
	if (rc == 0)
		rc = take_state(m, copy, error);
	if (rc == 0)
		copy_drop(copy);
	else
		copy_free(copy);
	return rc;
}

int move_from_standby(const struct config *config, FILE *out, FILE *err)
{
	struct ztp_error error = {0};
	struct move m;
	int rc = move_begin(&m, config, out, &error);

	if (rc == 0)
		rc = from_standby(&m, &error);
	return move_end(&m, rc, &error, err);
}
