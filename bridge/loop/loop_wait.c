#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bridge/core/batching.h"
#include "bridge/http/http.h"
#include "bridge/kafka/consumer.h"
#include "bridge/kafka/producer.h"
#include "bridge/loop/loop_internal.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/mqtt/mqtt_out.h"
#include "bridge/registrar/registrar.h"

#define SLEEP_MAX_MS 60000

enum source {
	FROM_SIGNAL,
	FROM_WAKE,
	FROM_HTTP,
	FROM_COMMANDS,
	FROM_WORK,
	FROM_GROUP,
	FROM_URGENT
};

/* Until the group has to be heard, or the lease is over, for one of several. */
static int group_timeout(const struct loop *l)
{
	int64_t now = ztp_clock_boot(), wait = SLEEP_MAX_MS;
	int64_t at = ztp_lease_until(&l->lease);

	if (at > now && at - now < wait)
		wait = at - now;
	if (l->group && l->group->next) {
		at = l->group->next(l->group->arg);
		if (at != 0 && at - now < wait)
			wait = at - now;
	}
	return wait > 0 ? (int)wait : 1;
}

static int smaller(int a, int64_t b)
{
	return b < a ? (int)b : a;
}

/* While the store takes nothing there is no turn, however overdue it is. */
static int64_t turns_next(const struct loop *l, int64_t now, int64_t next)
{
	int64_t at = loop_turns_next(l, now);

	if (at < next)
		next = at;
	at = loop_leaving_next(l, now);
	return at != 0 && at < next ? at : next;
}

static int next_timeout(const struct loop *l)
{
	int64_t now = ztp_clock_steady(&l->b.core.clock);
	int64_t next = now + group_timeout(l);

	if (l->turns && turns_under_way(l->turns))
		return group_timeout(l); /* its result wakes the loop */
	if (l->turns && now < l->next_turn)
		return smaller(group_timeout(l), l->next_turn - now);
	if (l->more && l->b.store_ok && now >= l->next_turn)
		return 0;
	if (l->commit_by != 0 && l->commit_by < next)
		next = l->commit_by;
	if (!l->b.store_ok && l->next_store_try < next)
		next = l->next_store_try;
	if (l->b.core.stopping && l->stop_by < next)
		next = l->stop_by;
	next = parts_next(l, now, next);
	if (l->turns && l->b.store_ok)
		next = turns_next(l, now, next);
	if (next < l->next_turn)
		next = l->next_turn;
	return next <= now ? 0 : (int)(next - now);
}

/* What comes while no turn may begin, or there is no lease, is read or written
 * after that, so nobody may be woken for it: a loop that was would turn and turn. */
static void do_not_watch_commands(struct loop *l)
{
	if (l->commands_fd >= 0)
		(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, l->commands_fd,
				NULL);
	l->commands_fd = -1;
}

static void watch_commands(struct loop *l)
{
	struct epoll_event event = {.data.u32 = FROM_COMMANDS};
	uint32_t wanted = 0;
	int fd = mqtt_out_fd(l->b.mqtt_out, &wanted);

	event.events = wanted;

	if (fd < 0) {
		l->commands_fd = -1; /* closing removed it from epoll */
		return;
	}
	if (fd == l->commands_fd && event.events == l->commands_events)
		return;
	/* A new socket may have a closed one's number. */
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 &&
	    epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		log_error(l->b.core.log, "epoll_failed",
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
			if (!l->reload(l->reload_arg))
				continue; /* nothing has changed */
			mqtt_in_reconnect(b->mqtt_in);
			mqtt_out_reconnect(b->mqtt_out);
			continue;
		}
		log_info(b->core.log, "stopping",
			 LOG_INT("signal", info.ssi_signo));
		if (b->core.stopping)
			continue;
		b->core.stopping = true;
		notify_stopping(&l->notify);
		l->stop_by = b->core.now + b->core.config->shutdown_timeout_ms;
		mqtt_in_pause(b->mqtt_in, "shutdown");
		probe_stop(b->probe);
	}
}

static void clear_fd(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return; /* nothing was written */
}

static int dispatch(struct loop *l, int fd, int timeout_ms)
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
			clear_fd(l->wake_fd);
			break;
		case FROM_GROUP:
			clear_fd(l->group->wake_fd);
			break;
		case FROM_WORK:
			clear_fd(l->work_fd);
			atomic_store(&l->b.core.signalled, false);
			break;
		case FROM_URGENT:
			return dispatch(l, l->urgent_fd, 0);
		case FROM_HTTP:
		case FROM_COMMANDS:
			break; /* handled in every turn */
		}
	}
	return n > 0 ? n : 0;
}

/* A turn has a fixed cost (a transaction, a batch to Kafka), however little it
 * does. So after a turn that had work, the loop waits shortly, so that events,
 * acknowledgements and decisions arriving close together share the next turn
 * (bridge/core/batching.h). It spends BATCHING_SHORT_WAIT_MS of that on sending
 * records, if there are any. */
static int wait_shortly(struct loop *l)
{
	bool flushed = producer_flush(l->b.producer);
	int ms = registrar_short_wait(l->b.registrar);

	if (flushed)
		ms -= BATCHING_SHORT_WAIT_MS;
	if (ms <= 0 || (!flushed && !l->coalesce))
		return 0;
	return dispatch(l, l->urgent_fd, ms);
}

int loop_wait(struct loop *l)
{
	int n = 0;

	if (!l->more && !l->turns)
		n = wait_shortly(l);
	if (n == 0) {
		if (l->turns &&
		    (!loop_turns_may_begin(l) || l->b.core.no_lease))
			do_not_watch_commands(l);
		else
			watch_commands(l);
		n = dispatch(l, l->epoll_fd, next_timeout(l));
	}
	l->b.core.now = ztp_clock_steady(&l->b.core.clock);
	return n < 0 ? -1 : 0;
}

static int watch(int epoll_fd, int fd, enum source source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = source};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int loop_wait_open(struct loop *l, struct ztp_error *error)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	/* Before any thread starts, so that all threads inherit the mask. */
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
	if (l->group && l->group->go_on &&
	    watch(l->urgent_fd, l->group->wake_fd, FROM_GROUP) != 0)
		return ztp_fail(error, ZTP_ERR_IO, "epoll: %s",
				strerror(errno));
	return 0;
}

int loop_wait_http(struct loop *l, struct ztp_error *error)
{
	if (watch(l->urgent_fd, http_fd(l->b.http), FROM_HTTP) == 0)
		return 0;
	return ztp_fail(error, ZTP_ERR_IO, "epoll: %s", strerror(errno));
}

void loop_wait_close(struct loop *l)
{
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
