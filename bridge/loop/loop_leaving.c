/*
 * How one that is active among several ends in order.
 *
 * Intake is disconnected, and then one turn takes what the journal still has and
 * says in the row `active` that this bridge has left. The next one does not wait
 * for a lease then, and holds no decisions, so both have to be true: nothing is
 * told after that turn, not even what it has caused, and no entry that a turn
 * before it has shown to anybody is left. What max_requests blocks was shown to
 * nobody; it stays in the journal until this bridge is back. The answers of the
 * MQTT broker to commands are not waited for, since the next one says them again.
 */
#include "bridge/loop/loop_internal.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/mqtt/mqtt_out.h"

#define CLOSING_MS 1000 /* what arrives later stays in the journal */
#define LOOK_MS	   10

static bool has_group(const struct loop *l)
{
	return l->group && l->group->leaving;
}

/* A signal, and not a failure of the loop's own. */
static bool is_stopped(const struct loop *l)
{
	return l->b.core.stopping && l->exit_code == 0;
}

void loop_leaving_turn(struct loop *l)
{
	struct bridge *b = &l->b;

	if (!has_group(l) || l->leaving)
		return;
	if (is_stopped(l) && !l->stop_told) {
		l->stop_told = true;
		l->group->stop(l->group->arg);
	}
	if (!l->group->leaving(l->group->arg))
		return;
	l->leaving = true;
	l->leave_by = b->core.now + CLOSING_MS;
	if (!b->core.stopping)
		l->stop_by = b->core.now + b->core.config->shutdown_timeout_ms;
	mqtt_in_pause(b->mqtt_in, "this bridge leaves");
}

bool loop_leaving_waits(const struct loop *l)
{
	return has_group(l) && is_stopped(l) && !l->left;
}

bool loop_leaving_is_late(const struct loop *l)
{
	return l->leaving && l->b.core.now >= l->stop_by;
}

/* After apply: is this the last turn? */
bool loop_leaving_is_last(const struct loop *l)
{
	const struct bridge *b = &l->b;

	if (!l->leaving || journal_before(&b->mark, &b->told) ||
	    leftovers_replaying(l->leftovers))
		return false;
	if (!mqtt_in_closed(b->mqtt_in) && b->core.now < l->leave_by)
		return false;
	return b->blocked || journal_backlog(b->journal, &b->mark) == 0;
}

/* paho does not say when it has disconnected. */
int64_t loop_leaving_next(const struct loop *l, int64_t now)
{
	if (!l->leaving)
		return 0;
	return mqtt_in_closed(l->b.mqtt_in) ? now : now + LOOK_MS;
}

/* It has been committed. The others hear of it before the handles are closed,
 * which may take seconds, but not while this bridge can still say something. */
void loop_leaving_done(struct loop *l)
{
	ztp_lease_end(&l->lease);
	mqtt_out_stop(l->b.mqtt_out);
	l->left = true;
	if (!l->b.core.stopping)
		l->exit_code = LOOP_OVER;
	l->b.core.stopping = true;
	l->stop_by = l->b.core.now;
	l->group->left(l->group->arg);
}
