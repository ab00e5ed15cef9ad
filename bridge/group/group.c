/*
 * A bridge that is one of several.
 *
 * There are two loops, and one of them runs at a time. While the bridge stands by
 * and becomes active, it is the one here: it reads the state and listens to the
 * group. The active one has the daemon's own loop (bridge/loop/), which calls back
 * in each of its turns, because the group's news must not wait. What a role asks
 * for then, that is to end it, is done when that loop has returned.
 */
#include "bridge/group/group_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/group/group_facts.h"
#include "bridge/standby/group_topics.h"

#define TOPIC_MS   1000	 /* until Kafka's topics are looked at again */
#define REFUSED_MS 30000 /* between two lines about them */

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

static int64_t newest(void *arg)
{
	const struct group *g = arg;

	return group_view_newest(g->view);
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
		(void)g->reload(g->reload_arg);
	}
	return false;
}

/* Of what is said of its topics: is Kafka there? NULL: that is not known. */
static const char *kafka_of(int rc)
{
	if (rc == ZTP_ERR_IO)
		return "no answer";
	return rc == ZTP_ERR_INTERNAL ? NULL : "";
}

/* Those that nobody answers while the thread is away, too. Returns false if the bridge
 * is to end. */
static bool serve_pages(struct group *g, int ms)
{
	struct pollfd fds[] = {
		{.fd = g->signal_fd, .events = POLLIN},
		{.fd = group_http_fd(g->pages), .events = POLLIN},
	};
	int64_t until = ztp_clock_boot() + ms, left;

	while ((left = until - ztp_clock_boot()) > 0) {
		group_http_turn(g->pages);
		notify_turned(&g->notify, ztp_clock_steady(&g->core.clock));
		if (poll(fds, 2, group_http_wait_ms(g->pages, (int)left)) > 0 &&
		    fds[0].revents && is_stopped(g))
			return false;
	}
	return true;
}

/* Waits for Kafka, and for a person if its topics are not as they must be. */
static bool await_topics(struct group *g)
{
	struct log_limit refusals = {0};
	struct ztp_error error = {0};
	uint64_t suppressed;
	int rc;

	while ((rc = group_topics_check(&g->core, g->replicas, &error)) != 0) {
		if (rc != ZTP_ERR_IO && rc != ZTP_ERR_MISSING &&
		    log_every(&refusals, REFUSED_MS, ztp_clock_boot(),
			      &suppressed))
			log_error(g->core.log, "group_refused",
				  LOG_WHY(&error));
		group_http_back(g->pages);
		group_http_trouble(g->pages, error.message, kafka_of(rc));
		if (!serve_pages(g, TOPIC_MS))
			return false;
		group_http_away(g->pages);
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
	const struct standby_user user = {is_ready, positions, act, newest, g};
	const struct member_options member = {
		.instance = config->standby.instance,
		.advertise = config->standby.advertise,
		.session_ms = config->standby.session_timeout_ms,
		.wake_fd = g->wake_fd,
	};
	int rc = open_ledger(g, error);

	if (rc == 0)
		rc = group_view_new(&g->view, &g->core, g->replicas, g->wake_fd,
				    error);
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
		group_stand_by(g);
		if (g->serving)
			group_serve(g);
		else if (!g->done)
			group_wait(g);
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
