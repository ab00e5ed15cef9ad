/*
 * The steps by which a bridge becomes active.
 *
 * The order is what counts. init_transactions ends whatever the bridge before
 * left open, and from then on that one commits nothing. Only now is the end of
 * ztp.state asked for, as a reader of what is not committed sees it, and only
 * when the position has reached it is the copy the state. The row `active` is
 * written before anything else, so that a `left` of an earlier bridge does not
 * stand there when this one crashes.
 *
 * Whoever is of this group has written nothing since then. A bridge of another
 * group, which was given the same topic, may have: neither fences the other. So
 * our rows are committed only if they come where the state ended when it was read;
 * of two that begin at the same time, one at most finds that. And a row `active`
 * that comes after ours, while we wait for a lease, is a bridge's that does not
 * know of this group, or one's that has fenced us: the check of the membership
 * tells.
 *
 * A turn's thread finishes what it has begun, also when nobody waits for it any
 * more. So what is given up is taken and dropped later, and a new step waits for
 * that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/standby/opening_internal.h"
#include "bridge/store/store_state.h"
#include "ztp/group_member.h"

#define FOREIGN_MS 5000	 /* that a stable end may stay behind */
#define DIFFERS_MS 60000 /* two clocks that are both right do by less */

int opening_new(struct opening **out, struct core *core, struct copy *copy,
		struct turn *turn, struct ztp_error *error)
{
	struct opening *o = calloc(1, sizeof(*o));

	if (!o)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	o->core = core;
	o->copy = copy;
	o->turn = turn;
	*out = o;
	return 0;
}

void opening_free(struct opening *o)
{
	free(o);
}

bool opening_copy_read(const struct opening *o)
{
	return o->read;
}

bool opening_is_whole(const struct opening *o)
{
	return o->begun && o->end >= 0 && copy_is_whole(o->copy, o->end);
}

/* By a clock that may have been set since the claim. */
int64_t opening_hold_until(const struct opening *o)
{
	const struct claim *c = &o->claim;

	if (c->held_since == 0)
		return c->hold_until;
	return ztp_clock_wall() + o->kafka_ahead + ZTP_HOLD_MS -
	       (ztp_clock_boot() - c->held_since);
}

int64_t opening_kafka_ahead(const struct opening *o)
{
	return o->kafka_ahead;
}

const char *opening_trouble(const struct opening *o)
{
	return o->trouble;
}

int64_t opening_denied_since(const struct opening *o)
{
	return o->denied_since;
}

/* --- the end of the state */

static bool ask_end(struct opening *o)
{
	struct ztp_error error = {0};
	int64_t end;

	if (o->end >= 0)
		return true;
	if (ztp_clock_boot() < o->again_at)
		return false;
	if (copy_end(o->copy, OPENING_ASK_MS, &end, &error) != 0) {
		o->again_at = ztp_clock_boot() + OPENING_AGAIN_MS;
		return false;
	}
	o->end = end;
	return true;
}

static void look_for_foreign(struct opening *o)
{
	int64_t now = ztp_clock_boot();

	if (o->behind_at == 0)
		o->behind_at = now;
	if (now - o->behind_at < FOREIGN_MS || o->trouble[0])
		return;
	snprintf(o->trouble, sizeof(o->trouble),
		 "a transaction of somebody else's is open in %.80s",
		 o->core->config->kafka.topics.state);
	log_warn(o->core->log, "state_held_back",
		 LOG_STR("topic", o->core->config->kafka.topics.state),
		 LOG_INT("position", copy_position(o->copy)),
		 LOG_INT("end", o->end));
}

static void tell_claimed(struct opening *o, struct opening_news *news)
{
	o->claimed = false;
	o->waits = !o->claim.left;
	news->event = ZTP_ROLE_ON_COMMITTED;
	news->left = o->claim.left;
	news->began = o->began;
}

/* Has the topic been longer? Returns true if it is known not to have been. */
static bool compare(struct opening *o, struct opening_news *news)
{
	int rc = ZTP_ERR_IO;

	if (ztp_clock_boot() < o->again_at)
		return false;
	rc = copy_check_committed(o->copy, o->end, OPENING_ASK_MS, &news->why);
	if (rc == 0)
		o->compared = true;
	else
		opening_say_bad(o, rc, news);
	return rc == 0;
}

static bool reads(struct opening *o, struct opening_news *news)
{
	if (opening_follow(o, news))
		return true;
	if (!o->begun || !ask_end(o))
		return false;
	if (copy_position(o->copy) < o->end) {
		if (copy_at_end(o->copy))
			look_for_foreign(o);
		return false;
	}
	if (!o->compared && !compare(o, news))
		return o->bad;
	o->trouble[0] = '\0';
	o->step = NONE;
	if (o->claimed)
		tell_claimed(o, news);
	else
		news->event = ZTP_ROLE_ON_REACHED;
	return true;
}

/* --- the turn */

static bool send_claim(struct opening *o, struct opening_news *news)
{
	struct store *store = copy_store(o->copy);
	int rc;

	if (!opening_is_whole(o)) {
		o->step = NONE;
		news->event = ZTP_ROLE_ON_FAILED;
		(void)ztp_fail(&news->why, ZTP_ERR_IO, OPENING_NOT_WHOLE);
		return true;
	}
	rc = claim_put(&o->claim, o->core, o->copy, &news->why);
	if (rc == 0)
		rc = store_state_changes(store, turn_add_row, o->turn,
					 &news->why);
	o->began = ztp_clock_boot();
	if (rc == 0) {
		turn_send_at(o->turn, o->end);
		o->sent = true;
		return false;
	}
	turn_forget(o->turn, 0);
	store_rollback(store);
	o->step = NONE;
	if (opening_is_of_the_state(rc))
		return opening_be_bad(o, rc, news);
	news->event = ZTP_ROLE_ON_FAILED;
	return true;
}

int opening_put_active(struct opening *o, bool left, struct ztp_error *error)
{
	return claim_put_active(&o->claim, o->core, o->copy, left, error);
}

/* Kafka has it, and so has the store, or it reads it. */
static bool keep_claim(struct opening *o, const struct turn_result *result)
{
	struct ztp_error error = {0};

	if (store_commit(copy_store(o->copy), 0, &error) == 0) {
		copy_wrote(o->copy, result);
		return true;
	}
	opening_read_from_here(o);
	o->step = READ;
	return false;
}

/* The row was written after the turn had begun. What a bridge that has left says of
 * the hold is by Kafka's clock already. */
static void compare_clocks(struct opening *o, int64_t written_at)
{
	int64_t took = ztp_clock_boot() - o->began;
	int64_t ahead = written_at - (ztp_clock_wall() - took);

	o->kafka_ahead = 0;
	if (written_at <= 0 || (ahead > -DIFFERS_MS && ahead < DIFFERS_MS))
		return;
	o->kafka_ahead = ahead;
	if (o->claim.held_since != 0) /* else it is from the row */
		o->claim.hold_until += ahead;
	log_warn(o->core->log, "clock_differs",
		 LOG_INT("kafka_ahead_s", ahead / 1000),
		 LOG_STR("hint", "deadlines are kept by Kafka's clock"));
}

bool opening_found(struct opening *o, struct opening_news *news)
{
	int rc = copy_check_found(o->copy, &news->why);

	return rc != 0 && opening_be_bad(o, rc, news);
}

static bool on_claimed(struct opening *o, const struct turn_result *result,
		       struct opening_news *news)
{
	if (result->outcome == TURN_COMMITTED &&
	    copy_check_wrote(o->copy, result, &news->why) == 0) {
		o->claimed = true;
		o->end = result->next;
		compare_clocks(o, result->written_at);
		if (!keep_claim(o, result))
			return false;
		tell_claimed(o, news);
		return true;
	}
	store_rollback(copy_store(o->copy));
	news->event = result->outcome == TURN_FENCED ? ZTP_ROLE_ON_FENCED
						     : ZTP_ROLE_ON_FAILED;
	(void)opening_found(o, news);
	return true;
}

/* Returns true for news. */
static bool on_result(struct opening *o, const struct turn_result *result,
		      struct opening_news *news)
{
	enum step step = o->step;

	news->why = result->why;
	o->sent = false;
	o->step = NONE;
	if (step == CLAIM)
		return on_claimed(o, result, news);
	if (result->outcome == TURN_OPENED)
		news->event = ZTP_ROLE_ON_INITED;
	else if (result->outcome == TURN_FENCED)
		news->event = ZTP_ROLE_ON_FENCED;
	else
		news->event = ZTP_ROLE_ON_FAILED;
	return true;
}

/* Returns true for news. */
static bool is_shared(struct opening *o, struct opening_news *news)
{
	char who[ZTP_INSTANCE_MAX + 1];

	if (!o->waits || claim_stands(&o->claim, o->copy, who, sizeof(who)))
		return false;
	news->event = ZTP_ROLE_ON_FAILED;
	(void)ztp_fail(&news->why, ZTP_ERR_IO,
		       "%s is active in %.80s as well: a bridge of another "
		       "kafka.group needs another topic",
		       who, o->core->config->kafka.topics.state);
	return true;
}

/* Reading may take long, and who is held back by a foreign transaction is
 * answered. */
bool opening_is_unanswered(struct opening *o, int64_t ms)
{
	struct ztp_error error = {0};
	bool answered;
	int64_t end;

	if (o->step == NONE || ztp_clock_boot() - o->silent_at < ms)
		return false;
	answered = o->step == READ &&
		   copy_end(o->copy, OPENING_ASK_MS, &end, &error) == 0;
	o->silent_at = ztp_clock_boot();
	return !answered;
}

/* Returns true if the turn is free for what comes next. */
static bool drop_late(struct opening *o)
{
	struct turn_result result;

	if (o->dropped && turn_take(o->turn, &result))
		o->dropped = false;
	return !o->dropped;
}

bool opening_turn(struct opening *o, struct opening_news *news)
{
	struct turn_result result = {0};

	memset(news, 0, sizeof(*news));
	if (!drop_late(o))
		return opening_follow(o, news);
	if (o->sent)
		return turn_take(o->turn, &result) &&
		       on_result(o, &result, news);
	switch (o->step) {
	case INIT:
		turn_open(o->turn);
		o->sent = true;
		return false;
	case READ:
		return reads(o, news);
	case CLAIM:
		return send_claim(o, news);
	case NONE:
		break;
	}
	return opening_follow(o, news) || is_shared(o, news);
}

/* --- */

/* What the turn is doing ends soon, in its thread. */
static void close_all(struct opening *o)
{
	o->dropped = o->dropped || turn_under_way(o->turn);
	turn_drop(o->turn);
	o->sent = o->claimed = o->waits = false;
	o->step = NONE;
	if (!o->bad && o->denied_since == 0)
		o->trouble[0] = '\0';
	opening_read_from_here(o);
}

void opening_act(struct opening *o, enum ztp_role_action action)
{
	o->silent_at = ztp_clock_boot();
	switch (action) {
	case ZTP_ROLE_CLOSE:
		close_all(o);
		break;
	case ZTP_ROLE_INIT:
		o->step = INIT;
		break;
	case ZTP_ROLE_READ:
		o->step = READ;
		o->end = -1;
		o->compared = false;
		o->behind_at = o->again_at = 0;
		break;
	case ZTP_ROLE_CLAIM:
		o->step = CLAIM;
		break;
	default:
		break;
	}
}
