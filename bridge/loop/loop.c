#include "bridge/loop/loop.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/core/batching.h"
#include "bridge/http/http.h"
#include "bridge/kafka/kafka.h"
#include "bridge/kafka/producer.h"
#include "bridge/life/commands.h"
#include "bridge/loop/loop_internal.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/store/store_state.h"

#define STORE_RETRY_MS 1000

/* A transaction that holds only new requests stays open for a while and takes
 * in those of the next turns, so pages that all of them change are written
 * once. The customer may be asked meanwhile, because the journal can replay
 * the requests. */
static int commit(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	int rc;

	if (!store_dirty(b->store))
		return 0;
	if (l->commit_by == 0)
		l->commit_by = b->core.now + BATCHING_COMMIT_MS;
	if (!store_commit_required(b->store) && !b->core.stopping &&
	    b->store_ok && b->core.now < l->commit_by)
		return 0;
	rc = store_commit(b->store, b->core.now, error);
	if (rc == 0) {
		l->commit_by = 0;
		l->recover = false;
	}
	return rc;
}

static int apply(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	struct journal_mark floor;
	int rc;

	log_hold(l->b.core.log, &l->said);
	rc = parts_apply(l, error);
	log_hold(l->b.core.log, NULL);
	floor = producer_floor(b->producer, &b->mark);
	if (rc == 0)
		rc = store_mark_set(b->store, &b->mark, &floor, error);
	l->coalesce = store_commit_required(b->store);
	if (rc == 0)
		rc = l->turns ? loop_turns_send(l, error) : commit(l, error);
	return rc;
}

static void be_over(struct loop *l)
{
	l->exit_code = LOOP_OVER;
	l->b.core.stopping = true;
	l->stop_by = l->b.core.now;
}

/* A copy can be had again, and not by one that is active: others have theirs. */
static bool is_lost(const struct loop *l)
{
	return l->group &&
	       (store_copy_lost(l->b.store) || store_is_damaged(l->b.store));
}

static void roll_back(struct loop *l, const struct ztp_error *error)
{
	struct bridge *b = &l->b;
	uint64_t suppressed;

	parts_rollback(l);
	log_held_forget(&l->said);
	l->commit_by = 0;
	l->more = false;
	if (b->store_ok ||
	    log_every(&l->store_failures, 30000, b->core.now + 1, &suppressed))
		log_error(b->core.log, "store_failed", LOG_WHY(error));
	b->store_ok = false;
	l->next_store_try = b->core.now + STORE_RETRY_MS;
	if (is_lost(l))
		be_over(l);
	else if (error->fatal ||
		 (error->code != ZTP_ERR_FULL && error->code != ZTP_ERR_IO &&
		  error->code != ZTP_ERR_NOMEM)) {
		log_error(b->core.log, "giving_up", LOG_WHY(error));
		l->exit_code = 1;
		b->core.stopping = true;
		l->stop_by = b->core.now;
	}
}

/* The store has what was applied: its effects. */
static void conclude(struct loop *l)
{
	log_write_held(l->b.core.log, &l->said);
	if (l->turns)
		l->recover = false;
	if (!l->b.store_ok)
		log_info(l->b.core.log, "store_healed");
	l->b.store_ok = true;
	parts_settle(l);
	if (l->turns && !loop_turns_may_act(l))
		return;
	store_read_begin(l->b.store);
	parts_pump(l);
	store_read_end(l->b.store);
}

static void transact(struct loop *l)
{
	struct ztp_error error = {0};
	int rc = store_unwind(l->b.store, &error);

	if (rc == 0)
		rc = apply(l, &error);
	if (rc < 0) {
		error.code = (enum ztp_err)rc;
		roll_back(l, &error);
	} else if (!l->turns || rc == 1) {
		conclude(l);
	}
}

static void undo(struct loop *l, enum turns_end end)
{
	parts_rollback(l);
	log_held_forget(&l->said);
	l->more = end == TURNS_AGAIN;
	if (end == TURNS_LATER)
		loop_turns_put_off(l);
	if (end == TURNS_OVER)
		be_over(l);
}

static void tell_health(const struct loop *l)
{
	const struct bridge *b = &l->b;

	if (l->group->health)
		l->group->health(l->group->arg,
				 mqtt_out_connected(b->mqtt_out) ||
					 mqtt_in_connected(b->mqtt_in),
				 b->disk_ok, l->unanswered_since);
}

/* Is this bridge still the active one, if it is one of several? Not with a
 * store that lacks what its turns have written. */
static bool goes_on(struct loop *l)
{
	if (!l->group)
		return true;
	tell_health(l);
	if (!loop_leaving_is_late(l) && !is_lost(l) &&
	    (!l->group->go_on || l->group->go_on(l->group->arg)))
		return true;
	be_over(l);
	return false;
}

/* Of the turn that is under way. Returns false if there may be no other one yet. */
static bool take_result(struct loop *l)
{
	enum turns_end end = loop_turns_take(l);

	loop_turns_look(l); /* effects take their time */
	if (end == TURNS_COMMITTED && l->last) {
		log_write_held(l->b.core.log, &l->said);
		loop_leaving_done(l);
		return false;
	}
	if (end == TURNS_COMMITTED) {
		conclude(l);
		loop_turns_pace(l);
	} else if (end != TURNS_UNDER_WAY) {
		undo(l, end);
	}
	return end == TURNS_COMMITTED || end == TURNS_AGAIN;
}

/* Ends the turn that is under way. May there be another one, now? */
static bool finish_turn(struct loop *l)
{
	bool goes_on = !turns_under_way(l->turns) || take_result(l);

	loop_turns_look(l);
	return goes_on && loop_turns_may_begin(l);
}

/* Is everything sent that can still be sent? */
static bool is_drained(const struct loop *l)
{
	const struct bridge *b = &l->b;

	if (loop_leaving_waits(l))
		return false;
	if (l->left)
		return true;
	return store_outbox_count(b->store) == 0 &&
	       !(l->turns && turns_under_way(l->turns)) &&
	       producer_in_flight(b->producer) == 0 &&
	       commands_in_flight(b->commands) == 0 && !l->more;
}

static void turn(struct loop *l)
{
	if (!goes_on(l))
		return;
	loop_leaving_turn(l);
	if (l->turns && !finish_turn(l)) {
		if (l->b.http)
			http_run(l->b.http);
		return;
	}
	parts_collect(l);
	l->coalesce = false;
	if (l->b.store_ok || l->b.core.now >= l->next_store_try)
		transact(l);
	if (!l->b.core.stopping && !l->leaving)
		backpressure_apply(&l->b);
}

/* Before all else: Kafka is asked by those that are closed, and may not answer, and
 * mqtt_out calls its users. */
static void disconnect(struct loop *l)
{
	l->b.core.no_lease = l->turns && !loop_turns_has_lease(l);
	if (l->b.mqtt_in)
		mqtt_in_stop(l->b.mqtt_in);
	if (l->b.mqtt_out)
		mqtt_out_stop(l->b.mqtt_out);
}

static int start(struct loop *l)
{
	struct ztp_error error = {0};
	const char *part = "loop";
	int rc = loop_wait_open(l, &error);

	l->b.core.wake_fd = l->wake_fd;
	if (rc == 0)
		rc = parts_new(l, &part, &error);
	if (rc == 0 && l->group && l->group->serving)
		l->group->serving(l->group->arg, &l->b);
	if (rc == 0 && l->b.http)
		rc = loop_wait_http(l, &error);
	if (rc != 0)
		log_error(l->b.core.log, "cannot_start", LOG_STR("part", part),
			  LOG_WHY(&error));
	return rc;
}

int loop_run(const struct config *config, struct log *log, loop_reload *reload,
	     void *reload_arg)
{
	return loop_run_active(config, log, NULL, reload, reload_arg);
}

int loop_run_active(const struct config *config, struct log *log,
		    const struct loop_group *group, loop_reload *reload,
		    void *reload_arg)
{
	struct loop *l = calloc(1, sizeof(*l));
	int exit_code = 1;

	if (!l) {
		log_error(log, "out_of_memory");
		return 1;
	}
	l->b.core.config = config;
	l->b.core.log = log;
	l->group = group;
	l->b.core.shared = group != NULL;
	l->b.hold_until = group ? group->hold_until : 0;
	if (group && group->home)
		l->b.total = group->home->total;
	l->b.store_ok = l->b.disk_ok = true;
	l->b.channels = !ztp_topic_unique(config->mqtt.command_topic);
	l->commands_fd = l->epoll_fd = l->urgent_fd = -1;
	l->signal_fd = l->wake_fd = l->work_fd = -1;
	notify_open(&l->notify);
	l->reload = reload;
	l->reload_arg = reload_arg;
	snprintf(l->b.source, sizeof(l->b.source), "/" ZTP_BRIDGE "/%s",
		 config->mqtt.client_id);
	if (start(l) != 0)
		goto out;
	log_info(log, "started", LOG_STR("version", ZTP_VERSION),
		 LOG_INT("unfinished", store_unfinished(l->b.store)),
		 LOG_INT("outbox", store_outbox_count(l->b.store)));
	kafka_warn_of_fault(log);
	notify_ready(&l->notify);
	do {
		turn(l);
		notify_turned(&l->notify, l->b.core.now);
		if (l->b.core.stopping &&
		    (is_drained(l) || l->b.core.now >= l->stop_by))
			break;
	} while (loop_wait(l) == 0);
	exit_code = l->exit_code;
	log_info(log, "stopped", LOG_INT("exit_code", exit_code));
out:
	if (group && group->serving)
		group->serving(group->arg, NULL);
	disconnect(l);
	parts_free(l);
	loop_wait_close(l);
	log_held_free(&l->said);
	notify_close(&l->notify);
	free(l);
	return exit_code;
}
