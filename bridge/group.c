/*
 * A bridge that is one of several.
 *
 * There are two loops, and one of them runs at a time. While the bridge stands by
 * and becomes active, it is the one here: it reads the state and listens to the
 * group. The active one has the daemon's own loop (bridge/loop/), which calls back
 * in each of its turns, because the group's news must not wait. What a role asks
 * for then, that is to end it, is done when that loop has returned.
 */
#include "bridge/group.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/group_facts.h"
#include "bridge/group_http.h"
#include "bridge/group_join.h"
#include "bridge/loop/notify.h"
#include "bridge/standby/group_topics.h"
#include "bridge/standby/group_view.h"
#include "bridge/standby/hand_over.h"
#include "bridge/standby/opening.h"
#include "bridge/standby/standby.h"
#include "bridge/store/store_state.h"

#define STEP_MS	   50	 /* between two looks, whoever wakes it */
#define TOPIC_MS   1000	 /* until Kafka's topics are looked at again */
#define REFUSED_MS 30000 /* between two lines about them */

struct group {
	struct core core;
	int wake_fd, signal_fd;
	struct copy *copy;
	struct turn *turn;
	struct opening *opening;
	struct standby *standby;
	struct group_view *view;
	struct group_http *pages;
	struct group_join *join;
	struct notify notify;
	struct hand_over *hand_over;
	bool serving;	   /* the daemon's loop is to run, or runs */
	bool looping;	   /* it runs */
	bool close, leave; /* what is to be done when it has returned */
	bool done;
	int64_t began; /* of the claim; CLOCK_BOOTTIME */
	loop_reload *reload;
	void *reload_arg;
	int exit_code;
};

/* --- what the role asks for */

static bool is_ready(void *arg)
{
	const struct group *g = arg;

	return opening_copy_read(g->opening) && group_join_ready(g->join);
}

static void positions(void *arg, bool whole, struct positions *positions)
{
	struct group *g = arg;

	positions_read(positions, &g->core, g->copy, whole);
}

static void act(void *arg, enum ztp_role_action action)
{
	struct group *g = arg;

	switch (action) {
	case ZTP_ROLE_SERVE:
		g->serving = true;
		break;
	case ZTP_ROLE_LAST_TURN:
		g->leave = true;
		break;
	case ZTP_ROLE_DONE:
		g->done = true;
		break;
	case ZTP_ROLE_CLOSE:
		g->serving = g->leave = false;
		g->close = g->looping;
		if (!g->looping)
			opening_act(g->opening, action);
		break;
	default:
		opening_act(g->opening, action);
	}
}

/* --- the active one */

static void health(void *arg, bool broker, bool disk)
{
	struct group *g = arg;

	group_join_health(g->join, broker, disk);
}

/* It gives way to one that can serve, if there is one. */
static void give_way(struct group *g)
{
	if (group_join_unfit(g->join))
		standby_tell(g->standby, ZTP_ROLE_ON_UNFIT, false,
			     group_join_problem(g->join));
	else if (g->looping && group_join_no_broker(g->join) &&
		 group_view_count(g->view) > 1)
		standby_tell(g->standby, ZTP_ROLE_ON_NO_BROKER, false,
			     "the mqtt broker is out of reach");
}

static bool go_on(void *arg)
{
	struct group *g = arg;

	standby_turn(g->standby);
	give_way(g);
	group_view_turn(g->view);
	group_http_turn(g->pages);
	return g->serving;
}

static int64_t next(const void *arg)
{
	const struct group *g = arg;
	int64_t at = standby_next(g->standby), view = group_view_next(g->view);

	return at != 0 && at < view ? at : view;
}

static void serving(void *arg, struct bridge *b)
{
	struct group *g = arg;

	group_http_serving(g->pages, b);
}

static void committed(void *arg)
{
	struct group *g = arg;

	standby_tell(g->standby, ZTP_ROLE_ON_COMMITTED, false, "");
}

static int put_active(void *arg, bool left, struct ztp_error *error)
{
	struct group *g = arg;

	return opening_put_active(g->opening, left, error);
}

static void stop(void *arg)
{
	struct group *g = arg;

	standby_tell(g->standby, ZTP_ROLE_ON_STOP, false, "");
}

static void fail(struct group *g)
{
	if (copy_unwritten_since(g->copy) != 0)
		standby_tell(g->standby, ZTP_ROLE_ON_FAILED, false,
			     "the copy cannot be written");
	else
		standby_tell(g->standby, ZTP_ROLE_ON_FENCED, false,
			     "a turn was refused");
}

static bool leaving(const void *arg)
{
	const struct group *g = arg;

	return g->leave;
}

static void left(void *arg)
{
	struct group *g = arg;

	standby_tell(g->standby, ZTP_ROLE_ON_LEFT, false, "");
}

/* The daemon's loop has returned, and nobody has said yet what follows. */
static void look_back(struct group *g, int code)
{
	if (code == LOOP_OVER && g->serving && !g->leave)
		fail(g);
	else if (code >= 0 && !g->leave)
		stop(g);
	if (g->leave)
		standby_tell(g->standby, ZTP_ROLE_ON_FAILED, false,
			     "the last turn is not known to be written");
}

/* Before anything is written to the journal. */
static bool knows_journal(struct group *g)
{
	struct ztp_error error = {0};

	hand_over_stop(g->hand_over);
	if (hand_over_check(g->hand_over, copy_store(g->copy), &error) == 0)
		return true;
	standby_tell(g->standby, ZTP_ROLE_ON_FAILED, false, error.message);
	return false;
}

/* Runs the daemon's loop until it is stopped, or is not active any more. */
static void serve(struct group *g)
{
	const struct loop_group active = {
		.copy = g->copy,
		.turn = g->turn,
		.journal = hand_over_journal(g->hand_over),
		.wake_fd = g->wake_fd,
		.put_active = put_active,
		.hold_until = opening_hold_until(g->opening),
		.go_on = go_on,
		.next = next,
		.home = group_http_home(g->pages),
		.serving = serving,
		.health = health,
		.committed = committed,
		.stop = stop,
		.leaving = leaving,
		.left = left,
		.arg = g,
	};
	int code;

	group_join_serve(g->join);
	g->looping = true;
	group_http_away(g->pages);
	code = loop_run_active(g->core.config, g->core.log, &active, g->reload,
			       g->reload_arg);
	group_http_back(g->pages);
	g->looping = false;
	turn_wake(g->turn, g->wake_fd);
	if (g->close)
		opening_act(g->opening, ZTP_ROLE_CLOSE);
	else
		look_back(g, code);
	g->close = false;
	if (code > 0) {
		g->exit_code = code;
		g->done = true;
	}
}

/* --- standing by */

static void on_signal(struct group *g)
{
	struct signalfd_siginfo info;

	while (read(g->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			g->reload(g->reload_arg);
			group_join_reconnect(g->join);
			continue;
		}
		log_info(g->core.log, "stopping",
			 LOG_INT("signal", info.ssi_signo));
		notify_stopping(&g->notify);
		stop(g);
	}
}

/* Not while it becomes active: then it takes its own entries. */
static void hand_over(struct group *g)
{
	enum ztp_role_state state = standby_state(g->standby);

	if ((state == ZTP_ROLE_OUT || state == ZTP_ROLE_STANDBY) && !g->done &&
	    opening_copy_read(g->opening))
		hand_over_turn(g->hand_over, copy_store(g->copy));
	else
		hand_over_stop(g->hand_over);
}

/* A step may ask Kafka, or make indexes. */
static void open_on(struct group *g)
{
	struct opening_news news;
	bool any;

	group_http_away(g->pages);
	any = opening_turn(g->opening, &news);
	group_http_back(g->pages);
	if (any)
		standby_tell(g->standby, news.event, news.left,
			     news.why.message);
}

static void stand_by(struct group *g)
{
	g->core.now = ztp_clock_steady(&g->core.clock);
	group_join_turn(g->join);
	standby_turn(g->standby);
	give_way(g);
	if (!g->serving && !g->done)
		open_on(g);
	hand_over(g);
	group_view_turn(g->view);
	group_http_turn(g->pages);
	notify_turned(&g->notify, g->core.now);
}

static int wait_ms(const struct group *g)
{
	int64_t now = ztp_clock_boot(), at = standby_next(g->standby);

	if (at == 0 || at - now > STEP_MS)
		return STEP_MS;
	return at > now ? (int)(at - now) : 1;
}

static void wait_for_work(struct group *g)
{
	struct pollfd fds[] = {
		{.fd = g->wake_fd, .events = POLLIN},
		{.fd = g->signal_fd, .events = POLLIN},
		{.fd = group_http_fd(g->pages), .events = POLLIN},
	};
	uint64_t count;

	if (poll(fds, 3, group_http_wait_ms(g->pages, wait_ms(g))) <= 0)
		return;
	if (fds[1].revents)
		on_signal(g);
	if (fds[0].revents && read(g->wake_fd, &count, sizeof(count)) < 0)
		return; /* the turn's thread has not written it after all */
}

/* --- from start to end */

static int open_signals(struct group *g, struct ztp_error *error)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	/* Before any thread starts, so that all threads inherit the mask. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		g->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	g->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return g->signal_fd >= 0 && g->wake_fd >= 0
		       ? 0
		       : ztp_fail(error, ZTP_ERR_IO, "signalfd: %s",
				  strerror(errno));
}

/* Before there is anything to end: is it to end? */
static bool is_stopped(struct group *g)
{
	struct signalfd_siginfo info;

	while (read(g->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return true;
		g->reload(g->reload_arg);
	}
	return false;
}

/* Waits for Kafka, and for a person if its topics are not as they must be. */
static bool await_topics(struct group *g)
{
	struct pollfd signalled = {.fd = g->signal_fd, .events = POLLIN};
	struct log_limit refusals = {0};
	struct ztp_error error = {0};
	uint64_t suppressed;
	int rc;

	while ((rc = group_topics_check(&g->core, &error)) != 0) {
		if (rc != ZTP_ERR_IO &&
		    log_every(&refusals, REFUSED_MS, ztp_clock_boot(),
			      &suppressed))
			log_error(g->core.log, "group_refused",
				  LOG_WHY(&error));
		group_http_back(g->pages);
		group_http_trouble(g->pages, error.message);
		group_http_away(g->pages);
		if (poll(&signalled, 1, TOPIC_MS) == 1 && is_stopped(g))
			return false;
	}
	return true;
}

static int open_ledger(struct group *g, struct ztp_error *error)
{
	const struct config *config = g->core.config;
	const struct copy_options copy = {
		.path = config->store.path,
		.sync_full = config->store.sync == CONFIG_SYNC_FULL,
		.topic = config->kafka.topics.state,
		.decisions = config->kafka.topics.decisions,
		.wake_fd = g->wake_fd,
	};
	const struct turn_options turn = {
		.id = config->kafka.group,
		.topic = config->kafka.topics.state,
		.timeout_ms = config->standby.session_timeout_ms,
		.wake_fd = g->wake_fd,
	};
	int rc = hand_over_new(&g->hand_over, &g->core, error);

	if (rc == 0)
		rc = copy_open(&g->copy, &g->core, &copy, error);
	if (rc == 0)
		rc = turn_new(&g->turn, &g->core, &turn, error);
	return rc == 0 ? opening_new(&g->opening, &g->core, g->copy, g->turn,
				     error)
		       : rc;
}

static void show(struct group *g)
{
	const struct group_facts facts = {
		.copy = g->copy,
		.opening = g->opening,
		.standby = g->standby,
		.view = g->view,
		.join = g->join,
	};

	group_http_show(g->pages, &facts);
}

static int open_all(struct group *g, struct ztp_error *error)
{
	const struct config *config = g->core.config;
	const struct standby_user user = {is_ready, positions, act, g};
	const struct member_options member = {
		.instance = config->standby.instance,
		.advertise = config->standby.advertise,
		.session_ms = config->standby.session_timeout_ms,
		.wake_fd = g->wake_fd,
	};
	int rc = open_ledger(g, error);

	if (rc == 0)
		rc = group_view_new(&g->view, &g->core, g->wake_fd, error);
	if (rc == 0)
		rc = group_join_new(&g->join, &g->core, g->copy, error);
	if (rc == 0)
		rc = standby_new(&g->standby, &g->core, &member, &user, error);
	group_http_back(g->pages);
	if (rc == 0)
		show(g);
	return rc;
}

static void close_all(struct group *g)
{
	group_http_free(g->pages);
	standby_free(g->standby);
	group_view_free(g->view);
	group_join_free(g->join);
	opening_free(g->opening);
	hand_over_free(g->hand_over);
	turn_free(g->turn);
	copy_free(g->copy);
	if (g->wake_fd >= 0)
		close(g->wake_fd);
	if (g->signal_fd >= 0)
		close(g->signal_fd);
	notify_close(&g->notify);
}

static void run(struct group *g)
{
	while (!g->done) {
		stand_by(g);
		if (g->serving && knows_journal(g))
			serve(g);
		else if (!g->done)
			wait_for_work(g);
	}
}

int group_run(const struct config *config, struct log *log, loop_reload *reload,
	      void *reload_arg)
{
	struct group g = {
		.core = {.config = config, .log = log},
		.wake_fd = -1,
		.signal_fd = -1,
		.reload = reload,
		.reload_arg = reload_arg,
	};
	struct ztp_error error = {0};
	int rc = open_signals(&g, &error);

	notify_open(&g.notify);
	ztp_clock_anchor(&g.core.clock, 0);
	notify_ready(&g.notify);
	if (rc == 0)
		rc = group_http_new(&g.pages, &g.core, &g.notify, &error);
	if (rc == 0 && await_topics(&g)) {
		rc = open_all(&g, &error);
		if (rc == 0)
			run(&g);
	}
	if (rc != 0) {
		log_error(log, "cannot_start", LOG_STR("part", "standby"),
			  LOG_WHY(&error));
		g.exit_code = 1;
	}
	close_all(&g);
	return g.exit_code;
}
