/*
 * The turn of a bridge that is active among several: a transaction of Kafka's.
 *
 * While it is under way the loop applies nothing, and serves people only. When
 * it is committed, what was applied is settled, and its effects go out, but for a
 * bridge whose lease has passed meanwhile: another may be active. When it is not,
 * everything is rolled back and applied again. Customers who read what is not
 * committed may have been asked by it, so decisions wait until the journal has
 * been read again as far as it was (bridge.h, told).
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/random.h"
#include "bridge/core/batching.h"
#include "bridge/ledger/copy.h"
#include "bridge/life/commands.h"
#include "bridge/life/pending.h"
#include "bridge/life/records.h"
#include "bridge/loop/loop_internal.h"
#include "bridge/mqtt/mqtt_in.h"

/* Kafka ends a transaction that takes longer than its timeout, which is the session
 * timeout, when it next looks (transaction.abort.timed.out.transaction.cleanup.
 * interval.ms). */
#define LOOKS_MS  10000
#define UNDONE_MS 1000 /* between two lines */

static const struct ztp_retry_pace pace = {.first_ms = 100, .max_ms = 1000};

int loop_turns_open(struct loop *l, struct ztp_error *error)
{
	const struct producer_user user = {pending_announced, records_refused,
					   &l->b};
	int rc = turns_new(&l->turns, &l->b.core, l->group->copy,
			   l->group->turn, &user, error);

	if (rc != 0)
		return rc;
	l->b.ledger = turns_ledger(l->turns);
	turn_wake(l->group->turn, l->work_fd);
	return 0;
}

void loop_turns_close(struct loop *l)
{
	if (l->turns)
		turn_wake(l->group->turn, -1);
	turns_free(l->turns);
}

static bool moved(const struct journal_mark *a, const struct journal_mark *b)
{
	return a->segment != b->segment || a->offset != b->offset;
}

static int put_mark(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	struct journal_mark before;

	store_mark_get(b->store, &before);
	if (!moved(&before, &b->mark))
		return 0;
	return turns_mark_put(b->store, l->group->journal, &b->mark, error);
}

/* --- who was asked in time */

/* How long the last turn took is not known, nor so whether who was asked in it was
 * asked in time. It has told when it was applied, by the clock that the rows' times
 * are of: not the wall clock, which may have been set. */
void loop_turns_taken_over(struct loop *l)
{
	int64_t newest = store_newest(l->b.store);

	if (!l->group || newest == 0)
		return;
	l->late = (struct store_late){
		.last = INT64_MAX,
		.since = newest,
		.until = l->b.core.now,
		.took = l->b.core.config->standby.session_timeout_ms + LOOKS_MS,
	};
}

int loop_turns_unask(struct loop *l, struct ztp_error *error)
{
	int64_t due = store_next_due(l->b.store, true);
	int rc = 0;

	if (due != 0 && due <= l->late.until)
		rc = store_request_unasked(l->b.store, &l->late, error);
	return rc == 0 && l->turns ? turns_unask(l->turns, error) : rc;
}

/* --- the turn */

/* When to write `active` again, if nothing else is to be written: at once, if a
 * connection was lost, because it is made again only after a turn. */
static int64_t active_due(const struct loop *l)
{
	return core_knows_its_place(&l->b.core) ? ztp_lease_turn_at(&l->lease)
						: 0;
}

int loop_turns_send(struct loop *l, struct ztp_error *error)
{
	int rc = put_mark(l, error);

	l->last = loop_leaving_is_last(l);
	if (rc == 0 && (l->last || ztp_clock_boot() >= active_due(l)))
		rc = l->group->put_active(l->group->arg, l->last, error);
	if (rc == 0)
		rc = turns_send(l->turns, error);
	if (rc == 0 && l->unanswered_since == 0)
		l->unanswered_since = ztp_clock_boot();
	return rc;
}

static void say_undone(struct loop *l, const struct turn_result *result)
{
	struct group_status *status = l->b.group;
	uint64_t suppressed;

	if (status && !loop_turns_has_lease(l))
		snprintf(status->undone, sizeof(status->undone),
			 "kafka takes no turn: %s", result->why.message);
	if (log_every(&l->turns_undone, UNDONE_MS, ztp_clock_boot(),
		      &suppressed))
		log_warn(l->b.core.log, "turn_undone",
			 LOG_STR("outcome", turn_outcome_name(result->outcome)),
			 LOG_WHY(&result->why),
			 LOG_UINT("suppressed", suppressed));
}

enum turns_end loop_turns_take(struct loop *l)
{
	struct turn_result result = {0};
	enum turns_end end = turns_take(l->turns, &result);

	if (end != TURNS_UNDER_WAY && !result.unanswered)
		l->unanswered_since = 0;
	if (end == TURNS_COMMITTED && l->group->committed && result.next)
		l->group->committed(l->group->arg);
	if (end == TURNS_COMMITTED && l->b.group && result.next)
		durations_add(&l->b.group->turns,
			      ztp_clock_boot() - turns_began(l->turns));
	if (end == TURNS_COMMITTED) {
		l->late.until = 0; /* they have been looked at */
		ztp_retry_succeeded(&l->undone);
		ztp_lease_renew(&l->lease, turns_began(l->turns));
		if (l->b.group && loop_turns_has_lease(l))
			l->b.group->undone[0] = '\0';
	} else if (end != TURNS_UNDER_WAY) {
		say_undone(l, &result);
	}
	return end;
}

void loop_turns_pace(struct loop *l)
{
	int64_t wait = turns_pace(l->turns) - ztp_clock_boot();

	if (commands_have_room(l->b.commands))
		l->next_turn = l->b.core.now + wait;
}

void loop_turns_put_off(struct loop *l)
{
	uint32_t random;

	ztp_random(&random, sizeof(random));
	ztp_retry_failed(&l->undone, &pace, l->b.core.now, random);
	l->next_turn = l->undone.at;
}

bool loop_turns_may_begin(const struct loop *l)
{
	return !turns_under_way(l->turns) && l->b.core.now >= l->next_turn;
}

int loop_turn_max(const struct loop *l)
{
	return l->turns ? turns_max(l->turns) : BATCHING_TURN_MAX;
}

int loop_turn_few(const struct loop *l)
{
	int max = loop_turn_max(l);

	return max < BATCHING_TURN_MAX ? max : BATCHING_TURN_MAX;
}

static void write_copy(struct loop *l)
{
	int64_t now = ztp_clock_boot();
	struct ztp_error error = {0};

	if (now < l->next_copy)
		return;
	l->next_copy = now + COPY_COMMIT_MS;
	if (copy_commit(l->group->copy, &error) != 0)
		log_warn(l->b.core.log, "copy_not_written", LOG_WHY(&error));
}

/* A bridge that was stopped finds its connections lost when it goes on, and may
 * have been taken over meanwhile. */
bool loop_turns_has_lease(const struct loop *l)
{
	return ztp_lease_holds(&l->lease, ztp_clock_boot());
}

/* Kafka does not say that it takes no turn, it just does not answer. Before the
 * first one there is no lease to lose. */
static void say_unanswered(struct loop *l)
{
	struct group_status *status = l->b.group;

	if (status && !*status->undone && ztp_lease_until(&l->lease) != 0 &&
	    turns_under_way(l->turns))
		snprintf(status->undone, sizeof(status->undone),
			 "kafka takes no turn: no answer yet");
}

void loop_turns_look(struct loop *l)
{
	struct core *core = &l->b.core;

	core->no_lease = !loop_turns_has_lease(l);
	core->turn_began = l->lease.began;
	if (!core->no_lease)
		return;
	mqtt_in_lease_over(l->b.mqtt_in);
	say_unanswered(l);
}

bool loop_turns_may_act(struct loop *l)
{
	write_copy(l);
	return loop_turns_has_lease(l);
}

int64_t loop_turns_next(const struct loop *l, int64_t now)
{
	int64_t wait;

	if (turns_under_way(l->turns))
		return 0;
	wait = active_due(l) - ztp_clock_boot();
	return now + (wait > 0 ? wait : 0);
}
