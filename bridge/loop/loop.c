#include "bridge/loop/loop.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/http/http.h"
#include "bridge/kafka/consumer.h"
#include "bridge/kafka/kafka.h"
#include "bridge/kafka/producer.h"
#include "bridge/life/commands.h"
#include "bridge/life/decisions.h"
#include "bridge/life/gate_answers.h"
#include "bridge/life/pending.h"
#include "bridge/life/records.h"
#include "bridge/loop/loop_internal.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/registrar/registrar.h"

#define JOURNAL_BATCH	512
#define DUE_BATCH	256
#define HOUSEKEEPING_MS 1000
#define STORE_RETRY_MS	1000
#define ENDS_STALE_MS	5000
#define COMMIT_MS	100

/* --- one turn */

/* Entries that the journal replays are applied before decisions, which may be
 * answers to them. */
static bool is_replaying(const struct loop *l)
{
	return journal_before(&l->b.mark, &l->b.told);
}

/* Events that max_requests blocks now were blocked before the restart or
 * rollback too, because the store has not gained room since the last
 * commit. The customer was therefore never asked about them, and the replay
 * ends here. */
static void end_replay(struct bridge *b)
{
	if (b->blocked && journal_before(&b->mark, &b->told))
		b->told = b->mark;
}

static void collect(struct loop *l)
{
	struct bridge *b = &l->b;

	probe_status_get(b->probe, &l->status);
	mqtt_in_collect(b->mqtt_in);
	mqtt_out_turn(b->mqtt_out);
	if (b->registrar)
		registrar_collect(b->registrar);
	if (!producer_hear(b->producer, &l->status))
		probe_again(b->probe);
	producer_collect(b->producer);
	if (!is_replaying(l))
		consumer_collect(b->consumer, &l->status);
}

/* Undecided requests may expire up to the time at which the end offsets were
 * requested, once everything before these offsets has been applied. Until then
 * no newer end offsets are requested: they would be just as far away. The
 * exception is end offsets so old that they may belong to a topic that has
 * been recreated since. */
static bool ends_pending(const struct loop *l)
{
	return l->ends.asked_at > l->ends_since &&
	       l->b.core.now - l->ends.asked_at < ENDS_STALE_MS;
}

static void move_horizon(struct loop *l)
{
	struct bridge *b = &l->b;

	if (!ends_pending(l) &&
	    !probe_end_offsets_get(b->probe, l->ends.asked_at, &l->ends))
		return;
	if (!consumer_reached(b->consumer, &l->ends))
		return;
	l->ends_since = l->ends.asked_at;
	if (l->ends.asked_at > b->horizon)
		b->horizon = l->ends.asked_at;
}

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
		l->commit_by = b->core.now + COMMIT_MS;
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

static int apply(struct loop *l, bool housekeeping, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	bool more_entries = false, more_due = false, waiting = false;
	struct journal_mark floor;
	int rc = 0;

	if (l->recover)
		rc = pending_recover(b, error);
	if (rc == 0)
		rc = producer_apply(b->producer, error);
	if (rc == 0)
		rc = pending_apply(b, JOURNAL_BATCH, &more_entries, &b->blocked,
				   error);
	if (rc == 0) /* else `blocked` may be of an earlier turn */
		end_replay(b);
	if (rc == 0 && !is_replaying(l))
		rc = consumer_apply(b->consumer, error);
	if (rc == 0)
		rc = commands_apply(b->commands, error);
	if (rc == 0 && b->registrar)
		rc = gate_answers_apply(b, error);
	if (rc == 0)
		rc = decisions_time_out(b, DUE_BATCH, &waiting, &more_due,
					error);
	if (rc == 0 && housekeeping)
		rc = evict(&l->eviction, b, error);
	floor = producer_floor(b->producer, &b->mark);
	if (rc == 0)
		rc = store_mark_set(b->store, &b->mark, &floor, error);
	l->coalesce = store_commit_required(b->store);
	if (rc == 0)
		rc = commit(l, error);
	if (rc == 0 && waiting && !ends_pending(l))
		probe_want_end_offsets(b->probe);
	l->more = more_entries || more_due || consumer_more(b->consumer);
	return rc;
}

/* Acknowledged events have been lost, so this must be logged. */
static void log_gaps(struct loop *l)
{
	uint64_t gaps = journal_gaps(l->b.journal);

	if (gaps == l->gaps)
		return;
	log_error(l->b.core.log, "journal_damaged",
		  LOG_UINT("gaps", gaps - l->gaps),
		  LOG_STR("hint", "some acknowledged events cannot be read"));
	l->gaps = gaps;
}

static void settle(struct loop *l)
{
	struct bridge *b = &l->b;
	struct journal_mark floor;

	if (!is_replaying(l)) /* else its batch was not applied */
		consumer_settle(b->consumer);
	producer_settle(b->producer);
	commands_settle(b->commands);
	if (b->registrar)
		registrar_settle(b->registrar);
	if (!store_dirty(b->store))
		tally_add(&b->total, &b->core.tally);
	store_floor_get(b->store, &floor);
	journal_release(b->journal, &floor);
}

static void roll_back(struct loop *l, const struct ztp_error *error)
{
	struct bridge *b = &l->b;
	uint64_t suppressed;

	store_rollback(b->store);
	if (journal_before(&b->told, &b->mark))
		b->told = b->mark;
	store_mark_get(b->store, &b->mark);
	producer_rollback(b->producer, &b->mark);
	/* The rollback has also undone acknowledgements, so their records
	 * are rebuilt. */
	l->recover = true;
	l->commit_by = 0;
	l->eviction.place = (struct store_place){0};
	if (b->registrar)
		registrar_rollback(b->registrar);
	memset(&b->core.tally, 0, sizeof(b->core.tally));
	l->more = false;
	if (b->store_ok ||
	    log_every(&l->store_failures, 30000, b->core.now + 1, &suppressed))
		log_error(b->core.log, "store_failed", LOG_WHY(error));
	b->store_ok = false;
	l->next_store_try = b->core.now + STORE_RETRY_MS;
	if (error->fatal ||
	    (error->code != ZTP_ERR_FULL && error->code != ZTP_ERR_IO &&
	     error->code != ZTP_ERR_NOMEM)) {
		log_error(b->core.log, "giving_up", LOG_WHY(error));
		l->exit_code = 1;
		b->core.stopping = true;
		l->stop_by = b->core.now;
	}
}

static void pump(struct bridge *b)
{
	producer_hold_results(b->producer, consumer_shared(b->consumer));
	producer_pump(b->producer);
	if (b->registrar)
		registrar_pump(b->registrar);
	commands_pump(b->commands);
	consumer_pump(b->consumer, false);
}

/* Is everything sent that can still be sent? */
static bool is_drained(const struct loop *l)
{
	const struct bridge *b = &l->b;

	return store_outbox_count(b->store) == 0 &&
	       producer_in_flight(b->producer) == 0 &&
	       commands_in_flight(b->commands) == 0 && !l->more;
}

static void turn(struct loop *l)
{
	struct bridge *b = &l->b;
	struct ztp_error error = {0};
	bool housekeeping = b->core.now >= l->next_housekeeping;
	int rc;

	if (b->http)
		http_run(b->http);
	collect(l);
	move_horizon(l);
	if (housekeeping) {
		backpressure_look_at_disk(&l->backpressure, b);
		l->next_housekeeping = b->core.now + HOUSEKEEPING_MS;
	}
	l->coalesce = false;
	if (b->store_ok || b->core.now >= l->next_store_try) {
		rc = apply(l, housekeeping, &error);
		if (rc == 0) {
			if (!b->store_ok)
				log_info(b->core.log, "store_healed");
			b->store_ok = true;
			if (housekeeping && l->eviction.more)
				l->next_housekeeping =
					b->core.now + EVICT_PAUSE_MS;
			log_gaps(l);
			settle(l);
			pump(b);
		} else {
			error.code = (enum ztp_err)rc;
			roll_back(l, &error);
		}
	}
	if (!b->core.stopping)
		backpressure_apply(b);
}

/* --- start and end */

static int open_store(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	const struct config_store *store = &b->core.config->store;
	struct journal_mark floor;
	char copy[4096];
	int rc;

	snprintf(copy, sizeof(copy), "%s", store->path);
	snprintf(l->backpressure.directory, sizeof(l->backpressure.directory),
		 "%s", dirname(copy));
	rc = store_open(&b->store, store->path, store->sync == CONFIG_SYNC_FULL,
			error);
	if (rc != 0)
		return rc;
	if (!ztp_clock_anchor(&b->core.clock, store_newest(b->store)))
		log_warn(b->core.log, "clock_went_back");
	b->core.now = ztp_clock_steady(&b->core.clock);
	rc = store_reanchor(b->store, error);
	if (rc == 0)
		rc = store_commit(b->store, b->core.now, error);
	if (rc != 0)
		return rc;
	store_mark_get(b->store, &b->mark);
	store_floor_get(b->store, &floor);
	rc = journal_open(&b->journal, store->path,
			  store->sync == CONFIG_SYNC_FULL, &b->mark, &floor,
			  error);
	if (rc != 0)
		return rc;
	b->told.segment = journal_first_segment(b->journal);
	rc = pending_recover(b, error);
	return rc == 0 ? store_commit(b->store, b->core.now, error) : rc;
}

static int open_parts(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	struct producer_user callbacks = {pending_announced, records_refused,
					  b};
	struct consumer_user decisions = {decisions_apply, decisions_unreadable,
					  b};
	int rc;

	rc = mqtt_out_new(&b->mqtt_out, &b->core, error);
	if (rc == 0)
		rc = commands_new(&b->commands, b, error);
	if (rc == 0 && b->core.config->mqtt.registrar == CONFIG_REGISTRAR_GATE)
		rc = registrar_new(&b->registrar, &b->core, b->store,
				   b->mqtt_out, error);
	if (rc == 0 && b->registrar)
		registrar_join(b->registrar);
	if (rc == 0)
		rc = probe_new(&b->probe, &b->core, l->wake_fd, error);
	if (rc == 0)
		rc = producer_new(&b->producer, &b->core, b->store, &callbacks,
				  l->work_fd, error);
	if (rc == 0)
		rc = consumer_new(&b->consumer, &b->core, b->store, b->probe,
				  &decisions, l->work_fd, error);
	if (rc == 0)
		rc = mqtt_in_new(&b->mqtt_in, &b->core, b->journal, l->wake_fd,
				 l->work_fd, l->timer_fd, error);
	if (rc == 0 && *b->core.config->http.listen)
		rc = http_new(&b->http, b, error);
	if (rc == 0 && b->http)
		rc = loop_wait_http(l, error);
	return rc;
}

static void close_parts(struct loop *l)
{
	struct bridge *b = &l->b;

	if (b->mqtt_out)
		mqtt_out_stop(b->mqtt_out);
	if (b->consumer)
		consumer_pump(b->consumer, true);
	http_free(b->http);
	mqtt_in_free(b->mqtt_in); /* first, because it writes to the journal */
	commands_free(b->commands);
	mqtt_out_free(b->mqtt_out);
	consumer_free(b->consumer);
	producer_free(b->producer);
	probe_free(b->probe);
	registrar_free(b->registrar);
	journal_close(b->journal);
	store_close(b->store);
	loop_wait_close(l);
}

int loop_run(const struct config *config, struct log *log, loop_reload *reload,
	     void *reload_arg)
{
	struct ztp_error error = {0};
	struct loop *l = calloc(1, sizeof(*l));
	int exit_code = 1;

	if (!l) {
		log_error(log, "out_of_memory");
		return 1;
	}
	l->b.core.config = config;
	l->b.core.log = log;
	l->b.store_ok = l->b.disk_ok = true;
	l->b.channels = !ztp_topic_unique(config->mqtt.command_topic);
	l->commands_fd = l->epoll_fd = l->urgent_fd = -1;
	l->signal_fd = l->wake_fd = l->work_fd = l->timer_fd = -1;
	notify_open(&l->notify);
	l->reload = reload;
	l->reload_arg = reload_arg;
	snprintf(l->b.source, sizeof(l->b.source), "/" ZTP_BRIDGE "/%s",
		 config->mqtt.client_id);
	if (loop_wait_open(l, &error) != 0 || open_store(l, &error) != 0 ||
	    open_parts(l, &error) != 0) {
		log_error(log, "cannot_start", LOG_WHY(&error));
		goto out;
	}
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
	close_parts(l);
	notify_close(&l->notify);
	free(l);
	return exit_code;
}
