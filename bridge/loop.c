#include "bridge/loop.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bridge/asker.h"
#include "bridge/commands.h"
#include "bridge/consumer.h"
#include "bridge/http.h"
#include "bridge/intake.h"
#include "bridge/notify.h"
#include "bridge/pressure.h"
#include "bridge/producer.h"
#include "bridge/registrar.h"
#include "bridge/requests.h"
#include "bridge/verdicts.h"

#define JOURNAL_BATCH	512
#define DUE_BATCH	256
#define EVICT_BATCH	512
#define EVICT_PAUSE_MS	20
#define HOUSEKEEPING_MS 1000
#define STORE_RETRY_MS	1000
#define SLEEP_MAX_MS	60000
#define ENDS_STALE_MS	5000
#define BREATH_MS	2

enum source {
	FROM_SIGNAL,
	FROM_WAKE,
	FROM_HTTP,
	FROM_COMMANDS,
	FROM_WORK,
	FROM_URGENT
};

struct loop {
	struct bridge b;
	/* What cannot wait for a breath, and all else with it. */
	int urgent_fd, epoll_fd;
	int signal_fd, wake_fd, work_fd;
	bool breathe;
	int commands_fd; /* as registered with epoll, or -1 */
	uint32_t commands_events;
	struct asker_news news;
	int64_t next_housekeeping, next_store_try, stop_by;
	struct asker_ends ends;
	int64_t ends_since; /* asked_at of the ends last used */
	bool more, evict_more;
	uint64_t gaps; /* of the journal, that the log has heard of */
	int exit_code;
	struct pressure pressure;
	struct notify notify;
	struct log_limit store_failures;
	loop_reload *reload;
	void *reload_arg;
};

void bridge_random(void *bytes, size_t n)
{
	/* Up to 256 bytes arrive whole once the pool is seeded (random(7)). */
	while (getrandom(bytes, n, 0) != (ssize_t)n)
		if (errno != EINTR)
			abort();
}

/* --- one turn */

static void collect(struct loop *l)
{
	struct bridge *b = &l->b;

	asker_news_get(b->asker, &l->news);
	intake_collect(b->intake);
	outlet_turn(commands_outlet(b->commands));
	if (b->registrar)
		registrar_collect(b->registrar);
	producer_collect(b->producer);
	consumer_collect(b->consumer, &l->news);
}

/* Undecided requests may expire up to the moment at which the ends were asked
 * for, once everything before those ends has been dealt with. Until then newer
 * ends are not asked for: they would be as far away. Unless these are stale,
 * of a topic that has been made anew. */
static bool ends_pending(const struct loop *l)
{
	return l->ends.asked_at > l->ends_since &&
	       l->b.now - l->ends.asked_at < ENDS_STALE_MS;
}

static void move_horizon(struct loop *l)
{
	struct bridge *b = &l->b;

	if (!ends_pending(l) &&
	    !asker_ends_get(b->asker, l->ends.asked_at, &l->ends))
		return;
	if (!consumer_reached(b->consumer, &l->ends))
		return;
	l->ends_since = l->ends.asked_at;
	if (l->ends.asked_at > b->horizon)
		b->horizon = l->ends.asked_at;
}

/* Finished requests that give way: too many of them, or too old. A full batch
 * means that there are more, whose turn is soon. */
static int evict(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	int64_t over = store_finished(b->store) - b->config->store.max_finished;
	int64_t old = b->now - b->config->store.retention_ms;
	int rc = 0, limit = over < EVICT_BATCH ? (int)over : EVICT_BATCH;

	if (over > 0)
		rc = store_evict(b->store, 0, !b->registrar, limit, error);
	l->evict_more = rc == EVICT_BATCH;
	if (rc >= 0)
		rc = store_evict(b->store, old, !b->registrar, EVICT_BATCH,
				 error);
	l->evict_more = l->evict_more || rc == EVICT_BATCH;
	return rc < 0 ? rc : 0;
}

static int apply(struct loop *l, bool housekeeping, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	bool more_entries = false, more_due = false, waiting = false;
	struct journal_mark floor;
	int rc;

	rc = producer_apply(b->producer, error);
	if (rc == 0)
		rc = consumer_apply(b->consumer, error);
	if (rc == 0)
		rc = requests_journal(b, JOURNAL_BATCH, &more_entries,
				      &b->blocked, error);
	if (rc == 0)
		rc = commands_apply(b->commands, error);
	if (rc == 0 && b->registrar)
		rc = registrar_apply(b->registrar, error);
	if (rc == 0)
		rc = verdicts_due(b, DUE_BATCH, &waiting, &more_due, error);
	if (rc == 0 && housekeeping)
		rc = evict(l, error);
	floor = producer_floor(b->producer, &b->mark);
	if (rc == 0)
		rc = store_mark_set(b->store, &b->mark, &floor, error);
	l->breathe = store_dirty(b->store);
	if (rc == 0)
		rc = store_commit(b->store, b->now, error);
	if (rc == 0 && waiting && !ends_pending(l))
		asker_want_ends(b->asker);
	l->more = more_entries || more_due || consumer_more(b->consumer);
	return rc;
}

/* Events that were acknowledged are gone: somebody has to know. */
static void tell_gaps(struct loop *l)
{
	uint64_t gaps = journal_gaps(l->b.journal);

	if (gaps == l->gaps)
		return;
	log_error(l->b.log, "journal_damaged", LOG_UINT("gaps", gaps - l->gaps),
		  LOG_STR("hint", "events between good ones are unreadable"));
	l->gaps = gaps;
}

static void settle(struct bridge *b)
{
	struct journal_mark floor;

	consumer_settle(b->consumer);
	producer_settle(b->producer);
	commands_settle(b->commands);
	if (b->registrar)
		registrar_settle(b->registrar);
	metrics_add(&b->metrics, &b->tally);
	store_floor_get(b->store, &floor);
	journal_release(b->journal, &floor);
}

static void roll_back(struct loop *l, const struct ztp_error *error)
{
	struct bridge *b = &l->b;
	uint64_t suppressed;

	store_rollback(b->store);
	store_mark_get(b->store, &b->mark);
	producer_rollback(b->producer);
	if (b->registrar)
		registrar_rollback(b->registrar);
	memset(&b->tally, 0, sizeof(b->tally));
	l->more = false;
	if (b->store_ok ||
	    log_every(&l->store_failures, 30000, b->now + 1, &suppressed))
		log_error(b->log, "store_failed", LOG_WHY(error));
	b->store_ok = false;
	l->next_store_try = b->now + STORE_RETRY_MS;
	if (error->fatal ||
	    (error->code != ZTP_ERR_FULL && error->code != ZTP_ERR_IO &&
	     error->code != ZTP_ERR_NOMEM)) {
		log_error(b->log, "giving_up", LOG_WHY(error));
		l->exit_code = 1;
		b->stopping = true;
		l->stop_by = b->now;
	}
}

static void pump(struct bridge *b)
{
	producer_pump(b->producer);
	if (b->registrar)
		registrar_pump(b->registrar);
	commands_pump(b->commands);
	consumer_pump(b->consumer, false);
}

/* --- waiting */

static void earlier(int64_t *next, int64_t at)
{
	if (at != 0 && at < *next)
		*next = at;
}

static int timeout_of(struct loop *l)
{
	struct bridge *b = &l->b;
	int64_t now = clock_steady(&b->clock);
	int64_t next = now + SLEEP_MAX_MS, http, due;

	if (l->more && b->store_ok)
		return 0;
	earlier(&next, l->next_housekeeping);
	earlier(&next, intake_next(b->intake));
	earlier(&next, outlet_next(commands_outlet(b->commands)));
	earlier(&next, producer_next(b->producer));
	earlier(&next, consumer_next(b->consumer));
	if (b->stopping)
		earlier(&next, l->stop_by);
	if (!b->store_ok) {
		earlier(&next, l->next_store_try);
	} else {
		if (b->registrar)
			earlier(&next, registrar_next(b->registrar));
		earlier(&next, store_next_due(b->store, false));
		due = store_next_due(b->store, true);
		/* Past the horizon the asker wakes us, not the clock. */
		if (due > now)
			earlier(&next, due);
		if (outlet_connected(commands_outlet(b->commands))) {
			due = commands_due(b->commands);
			earlier(&next, due);
		}
	}
	if (b->http) {
		http = http_timeout_ms(b->http);
		if (http >= 0)
			earlier(&next, now + http);
	}
	if (next <= now)
		return 0;
	return next - now > SLEEP_MAX_MS ? SLEEP_MAX_MS : (int)(next - now);
}

static void watch_commands(struct loop *l)
{
	struct epoll_event event = {.data.u32 = FROM_COMMANDS};
	uint32_t wanted = 0;
	int fd = outlet_fd(commands_outlet(l->b.commands), &wanted);

	event.events = wanted;

	if (fd < 0) {
		l->commands_fd = -1; /* closing took it out of epoll */
		return;
	}
	if (fd == l->commands_fd && event.events == l->commands_events)
		return;
	/* The number of a closed socket may have come again. */
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 &&
	    epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		log_error(l->b.log, "epoll_failed",
			  LOG_STR("error", strerror(errno)));
	l->commands_fd = fd;
	l->commands_events = event.events;
}

static void on_signal(struct loop *l)
{
	struct signalfd_siginfo info;
	struct bridge *b = &l->b;

	while (read(l->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			l->reload(l->reload_arg);
			intake_reconnect(b->intake);
			outlet_reconnect(commands_outlet(b->commands));
			continue;
		}
		log_info(b->log, "stopping", LOG_INT("signal", info.ssi_signo));
		if (b->stopping)
			continue;
		b->stopping = true;
		notify_stopping(&l->notify);
		l->stop_by = b->now + b->config->shutdown_timeout_ms;
		intake_pause(b->intake, "shutdown");
		asker_stop(b->asker);
	}
}

static void drain(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return; /* nobody has written since */
}

static int heed(struct loop *l, int fd, int timeout_ms)
{
	struct epoll_event events[8];
	int i, n = epoll_wait(fd, events, 8, timeout_ms);

	if (n < 0 && errno != EINTR)
		return -1;
	for (i = 0; i < n; i++) {
		switch ((enum source)events[i].data.u32) {
		case FROM_SIGNAL:
			on_signal(l);
			break;
		case FROM_WAKE:
			drain(l->wake_fd);
			break;
		case FROM_WORK:
			drain(l->work_fd);
			atomic_store(&l->b.signalled, false);
			break;
		case FROM_URGENT:
			return heed(l, l->urgent_fd, 0);
		case FROM_HTTP:
		case FROM_COMMANDS:
			break; /* served every turn */
		}
	}
	return n > 0 ? n : 0;
}

/* A turn has its price (a transaction, a batch to Kafka), however little there
 * is to do in it. So after one that had work the loop takes a breath, and
 * events, acknowledgements and decisions gather: the more there are, the more
 * share a turn, and one that comes alone is not made to wait. */
static int wait_for_work(struct loop *l)
{
	int n = 0;

	if (l->breathe && !l->more)
		n = heed(l, l->urgent_fd, BREATH_MS);
	if (n == 0) {
		watch_commands(l);
		n = heed(l, l->epoll_fd, timeout_of(l));
	}
	l->b.now = clock_steady(&l->b.clock);
	return n < 0 ? -1 : 0;
}

/* Drained: nothing is left that could still go out. */
static bool drained(const struct loop *l)
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
	bool housekeeping = b->now >= l->next_housekeeping;
	int rc;

	if (b->http)
		http_run(b->http);
	collect(l);
	move_horizon(l);
	if (housekeeping) {
		pressure_look_at_disk(&l->pressure, b);
		l->next_housekeeping = b->now + HOUSEKEEPING_MS;
	}
	l->breathe = false;
	if (b->store_ok || b->now >= l->next_store_try) {
		rc = apply(l, housekeeping, &error);
		if (rc == 0) {
			if (!b->store_ok)
				log_info(b->log, "store_healed");
			b->store_ok = true;
			if (housekeeping && l->evict_more)
				l->next_housekeeping = b->now + EVICT_PAUSE_MS;
			tell_gaps(l);
			settle(b);
			pump(b);
		} else {
			error.code = (enum ztp_err)rc;
			roll_back(l, &error);
		}
	}
	if (!b->stopping)
		pressure_apply(b);
}

/* --- start and end */

static int watch(int epoll_fd, int fd, enum source source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_fds(struct loop *l, struct ztp_error *error)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	/* Before any thread starts, so that all inherit it. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return ztp_fail(error, ZTP_ERR_IO, "sigprocmask: %s",
				strerror(errno));
	l->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->work_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	l->urgent_fd = epoll_create1(EPOLL_CLOEXEC);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->signal_fd < 0 || l->wake_fd < 0 || l->work_fd < 0 ||
	    l->urgent_fd < 0 || l->epoll_fd < 0 ||
	    watch(l->urgent_fd, l->signal_fd, FROM_SIGNAL) != 0 ||
	    watch(l->urgent_fd, l->wake_fd, FROM_WAKE) != 0 ||
	    watch(l->epoll_fd, l->urgent_fd, FROM_URGENT) != 0 ||
	    watch(l->epoll_fd, l->work_fd, FROM_WORK) != 0)
		return ztp_fail(error, ZTP_ERR_IO, "epoll: %s",
				strerror(errno));
	return 0;
}

static int open_store(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	const struct config_store *store = &b->config->store;
	struct journal_mark floor;
	char copy[4096];
	int rc;

	snprintf(copy, sizeof(copy), "%s", store->path);
	snprintf(l->pressure.directory, sizeof(l->pressure.directory), "%s",
		 dirname(copy));
	rc = store_open(&b->store, store->path, store->sync == CONFIG_SYNC_FULL,
			error);
	if (rc != 0)
		return rc;
	if (!clock_anchor(&b->clock, store_newest(b->store)))
		log_warn(b->log, "clock_went_back");
	b->now = clock_steady(&b->clock);
	rc = store_reanchor(b->store, error);
	if (rc == 0)
		rc = store_commit(b->store, b->now, error);
	if (rc != 0)
		return rc;
	store_mark_get(b->store, &b->mark);
	store_floor_get(b->store, &floor);
	rc = journal_open(&b->journal, store->path,
			  store->sync == CONFIG_SYNC_FULL, &b->mark, &floor,
			  error);
	if (rc == 0)
		rc = requests_recover(b, error);
	return rc == 0 ? store_commit(b->store, b->now, error) : rc;
}

static int open_parts(struct loop *l, struct ztp_error *error)
{
	struct bridge *b = &l->b;
	int rc = 0;

	if (b->config->mqtt.registrar == CONFIG_REGISTRAR_GATE)
		rc = registrar_new(&b->registrar, b, error);
	if (rc == 0)
		rc = asker_new(&b->asker, b, l->wake_fd, error);
	if (rc == 0)
		rc = producer_new(&b->producer, b, l->work_fd, error);
	if (rc == 0)
		rc = consumer_new(&b->consumer, b, l->work_fd, error);
	if (rc == 0)
		rc = commands_new(&b->commands, b, error);
	if (rc == 0)
		rc = intake_new(&b->intake, b, l->wake_fd, l->work_fd, error);
	if (rc == 0 && *b->config->http.listen)
		rc = http_new(&b->http, b, error);
	if (rc == 0 && b->http &&
	    watch(l->urgent_fd, http_fd(b->http), FROM_HTTP) != 0)
		rc = ztp_fail(error, ZTP_ERR_IO, "epoll: %s", strerror(errno));
	return rc;
}

static void close_parts(struct loop *l)
{
	struct bridge *b = &l->b;

	if (b->commands)
		outlet_stop(commands_outlet(b->commands));
	if (b->consumer)
		consumer_pump(b->consumer, true);
	http_free(b->http);
	intake_free(b->intake); /* first: it writes to the journal */
	commands_free(b->commands);
	consumer_free(b->consumer);
	producer_free(b->producer);
	asker_free(b->asker);
	registrar_free(b->registrar);
	journal_close(b->journal);
	store_close(b->store);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	if (l->work_fd >= 0)
		close(l->work_fd);
	if (l->urgent_fd >= 0)
		close(l->urgent_fd);
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
	l->b.config = config;
	l->b.log = log;
	l->b.store_ok = l->b.disk_ok = true;
	l->b.channels = !ztp_topic_unique(config->mqtt.command_topic);
	l->commands_fd = l->epoll_fd = l->urgent_fd = -1;
	l->signal_fd = l->wake_fd = l->work_fd = -1;
	notify_open(&l->notify);
	l->reload = reload;
	l->reload_arg = reload_arg;
	snprintf(l->b.source, sizeof(l->b.source), "/ztp-bridge/%s",
		 config->mqtt.client_id);
	if (open_fds(l, &error) != 0 || open_store(l, &error) != 0 ||
	    open_parts(l, &error) != 0) {
		log_error(log, "cannot_start", LOG_WHY(&error));
		goto out;
	}
	log_info(log, "started", LOG_STR("version", ZTP_VERSION),
		 LOG_INT("unfinished", store_unfinished(l->b.store)),
		 LOG_INT("outbox", store_outbox_count(l->b.store)));
	notify_ready(&l->notify);
	do {
		turn(l);
		notify_turned(&l->notify, l->b.now);
		if (l->b.stopping && (drained(l) || l->b.now >= l->stop_by))
			break;
	} while (wait_for_work(l) == 0);
	exit_code = l->exit_code;
	log_info(log, "stopped", LOG_INT("exit_code", exit_code));
out:
	close_parts(l);
	notify_close(&l->notify);
	free(l);
	return exit_code;
}
