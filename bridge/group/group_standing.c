/*
 * The loop of a bridge that stands by, and of one that becomes active: it reads
 * the state and listens to the group.
 */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/group/group_internal.h"

#define STEP_MS 50 /* between two looks, whoever wakes it */

static void on_signal(struct group *g)
{
	struct signalfd_siginfo info;

	while (read(g->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			if (g->reload(g->reload_arg)) /* else as before */
				group_join_reconnect(g->join);
			continue;
		}
		log_info(g->core.log, "stopping",
			 LOG_INT("signal", info.ssi_signo));
		notify_stopping(&g->notify);
		group_stop(g);
	}
}

/* Not while it becomes active: then it takes its own entries. And not without the
 * copy, which a disk may have closed: it says what was taken. */
static void hand_over(struct group *g)
{
	enum ztp_role_state state = standby_state(g->standby);
	struct store *store = copy_store(g->copy);

	if ((state == ZTP_ROLE_OUT || state == ZTP_ROLE_STANDBY) && !g->done &&
	    store && opening_copy_read(g->opening))
		hand_over_turn(g->hand_over, store);
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

void group_stand_by(struct group *g)
{
	g->core.now = ztp_clock_steady(&g->core.clock);
	group_join_turn(g->join);
	standby_turn(g->standby);
	group_give_way(g);
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

void group_wait(struct group *g)
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
