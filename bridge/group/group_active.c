/*
 * What the daemon's loop calls while this bridge is the active one, and what
 * follows when it has returned.
 */
#include "base/clock.h"
#include "bridge/group/group_internal.h"

/* Beyond the session timeout, until one that Kafka does not answer gives way: a
 * turn that has waited for that long has been tried a second time. */
#define UNANSWERED_MS 5000

static void health(void *arg, bool broker, bool disk, int64_t unanswered_since)
{
	struct group *g = arg;

	group_join_health(g->join, broker, disk);
	g->unanswered_since = unanswered_since;
}

/* The group has its own broker of Kafka's, and transactions and the state have
 * theirs. Who reaches only the first one stays a member for ever. */
static bool is_unanswered(struct group *g)
{
	int64_t limit =
		g->core.config->standby.session_timeout_ms + UNANSWERED_MS;

	if (!g->looping)
		return opening_is_unanswered(g->opening, limit);
	return g->unanswered_since != 0 &&
	       ztp_clock_boot() - g->unanswered_since >= limit;
}

/* For long enough to be no mistake that somebody is just mending. */
static bool is_long(const struct group *g, int64_t since)
{
	return since != 0 && ztp_clock_boot() - since >=
				     g->core.config->standby.session_timeout_ms;
}

/* Which right is missing for what it does, or is about to do; or NULL. */
static const char *missing_right(const struct group *g)
{
	const struct member_denial *denial = standby_denial(g->standby);

	if (!g->looping && is_long(g, opening_denied_since(g->opening)))
		return opening_trouble(g->opening);
	return is_long(g, denial->since) && !denial->serves ? denial->right
							    : NULL;
}

static void give_way_to_others(struct group *g)
{
	const char *right = missing_right(g);

	if (g->looping && group_join_no_broker(g->join))
		standby_tell(g->standby, ZTP_ROLE_ON_NO_BROKER, false,
			     "the mqtt broker is out of reach");
	if (is_unanswered(g))
		standby_tell(g->standby, ZTP_ROLE_ON_NO_ANSWER, false,
			     "kafka answers the group, and not what is asked "
			     "of the state");
	if (right)
		standby_tell(g->standby, ZTP_ROLE_ON_NO_RIGHT, false, right);
}

void group_give_way(struct group *g)
{
	if (group_join_unfit(g->join))
		standby_tell(g->standby, ZTP_ROLE_ON_UNFIT, false,
			     group_join_problem(g->join));
	else if (!g->looping && copy_is_read_anew(g->copy))
		standby_tell(g->standby, ZTP_ROLE_ON_UNFIT, false,
			     "the copy is read anew");
	else if (group_view_count(g->view) > 1)
		give_way_to_others(g);
}

static bool go_on(void *arg)
{
	struct group *g = arg;

	standby_turn(g->standby);
	group_give_way(g);
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

void group_stop(struct group *g)
{
	standby_tell(g->standby, ZTP_ROLE_ON_STOP, false, "");
}

static void stop(void *arg)
{
	group_stop(arg);
}

static void fail(struct group *g)
{
	struct opening_news news = {0};

	if (opening_found(g->opening, &news))
		standby_tell(g->standby, news.event, false, news.why.message);
	else if (copy_is_damaged(g->copy))
		standby_tell(g->standby, ZTP_ROLE_ON_UNFIT, false,
			     "the copy is damaged");
	else if (copy_unwritten_since(g->copy) != 0)
		standby_tell(g->standby, ZTP_ROLE_ON_FAILED, false,
			     OPENING_NOT_WHOLE);
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
		group_stop(g);
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

/* The disk may be full, or have been since the row `active` was written. */
static bool is_fit(struct group *g)
{
	const char *why = NULL;

	if (!group_join_has_room(g->join))
		why = GROUP_DISK_FULL;
	else if (!opening_is_whole(g->opening))
		why = OPENING_NOT_WHOLE;
	if (why)
		standby_tell(g->standby, ZTP_ROLE_ON_FAILED, false, why);
	return !why;
}

void group_serve(struct group *g)
{
	const struct loop_group active = {
		.copy = g->copy,
		.turn = g->turn,
		.journal = hand_over_journal(g->hand_over),
		.wake_fd = g->wake_fd,
		.put_active = put_active,
		.hold_until = opening_hold_until(g->opening),
		.kafka_ahead = opening_kafka_ahead(g->opening),
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

	if (!is_fit(g) || !knows_journal(g))
		return;
	group_join_serve(g->join);
	g->looping = true;
	g->unanswered_since = 0;
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
