/*
 * What a bridge is among several of one group.
 *
 * It is one table. A line says: in one of these states, on this event and if
 * these facts hold, it becomes that and does this. The first matching line
 * decides. If none matches, nothing changes, so what comes too late (the answer
 * to a check that nobody waits for) does nothing.
 *
 * Four rules are easy to lose here:
 *
 * - A bridge that was fenced does not know by whom: Kafka's answer is the same
 *   when a transaction took too long. So it checks its membership before it
 *   fences anybody in return. Two bridges that did not fenced each other for ever.
 * - A revocation alone is no event. Every member that joins causes one, and the
 *   active one goes on meanwhile; the transactional id is what ends it.
 * - Only a bridge that served writes `left`. One that still waited for the lease
 *   of the one before must not: its successor would not wait either.
 * - Whatever makes one bridge give up its place may make all of them give it up,
 *   one after the other, for ever. So before a bridge takes the place again, or
 *   gives it up again, it pauses, each time for longer: `tries` counts the times
 *   that it was chosen in vain, `yields` those that it made way for a bridge that
 *   might be better off.
 */
#include "ztp/role.h"

#include <stddef.h>

static const struct ztp_retry_pace tries_pace = {
	.first_ms = 1000,
	.max_ms = 30000,
};

static const struct ztp_retry_pace yields_pace = {
	.first_ms = ZTP_ROLE_YIELD_MS,
	.max_ms = ZTP_ROLE_YIELD_MAX_MS,
};

/* --- the table's words */

#define IN(name) (1u << ZTP_ROLE_##name)
#define OPENING                                                                \
	(IN(CHECKING) | IN(FENCING) | IN(RECHECKING) | IN(READING) |           \
	 IN(CLAIMING) | IN(WAITING) | IN(FENCED) | IN(PAUSING))
#define PRODUCING (IN(FENCING) | IN(CLAIMING) | IN(WAITING) | IN(ACTIVE))
#define LASTING	  (IN(YIELDING) | IN(LEAVING))
#define MEMBER	  (IN(STANDBY) | OPENING | IN(ACTIVE) | IN(YIELDING))
#define STAYING	  (IN(OUT) | MEMBER)

/* The facts. */
enum {
	READY = 1,
	LEFT_BEFORE = 2,
	LEASE_OVER = 4, /* of whoever was active before init_transactions */
	DUE = 8,	/* the pause is over */
	OFTEN = 16,	/* it came to nothing again and again */
	MAY_YIELD = 32,
};

struct line {
	unsigned in;
	enum ztp_role_event on;
	unsigned when;
	enum ztp_role_state to;
	unsigned actions;
};

#define LINE(in, on, when, to, actions)                                        \
	{                                                                      \
		in, ZTP_ROLE_ON_##on, when, ZTP_ROLE_##to, actions             \
	}

#define CLOSE	  ZTP_ROLE_CLOSE
#define LEAVE	  ZTP_ROLE_LEAVE
#define JOIN	  ZTP_ROLE_JOIN
#define CHECK	  ZTP_ROLE_CHECK
#define INIT	  ZTP_ROLE_INIT
#define READ	  ZTP_ROLE_READ
#define CLAIM	  ZTP_ROLE_CLAIM
#define SERVE	  ZTP_ROLE_SERVE
#define LAST_TURN ZTP_ROLE_LAST_TURN
#define DONE	  ZTP_ROLE_DONE
#define NOTHING	  0u

/* clang-format off */
static const struct line table[] = {
	/* in these states, on this event, if these facts hold: the new state,
	 * and what is to be done */

	/* It is asked to end. */
	LINE(IN(ACTIVE), STOP, 0, LEAVING, LAST_TURN),
	LINE(IN(YIELDING), STOP, 0, LEAVING, NOTHING),
	LINE(STAYING | IN(BLOCKED), STOP, 0, GONE, CLOSE | LEAVE | DONE),
	LINE(IN(LEAVING), LEFT, 0, GONE, CLOSE | LEAVE | DONE),
	LINE(IN(LEAVING), FENCED, 0, GONE, CLOSE | LEAVE | DONE),
	LINE(IN(LEAVING), FAILED, 0, GONE, CLOSE | LEAVE | DONE),
	LINE(IN(LEAVING), LOST, 0, GONE, CLOSE | LEAVE | DONE),
	LINE(IN(LEAVING), UNASSIGNED, 0, GONE, CLOSE | LEAVE | DONE),

	/* A person has to help, or the disk. */
	LINE(STAYING, BAD_STATE, 0, BLOCKED, CLOSE | LEAVE),
	LINE(MEMBER, UNFIT, 0, OUT, CLOSE | LEAVE),

	/* It is no member any more, or another one is to be active. */
	LINE(MEMBER, LOST, 0, OUT, CLOSE | LEAVE),
	LINE(OPENING | IN(ACTIVE) | IN(YIELDING), UNASSIGNED, 0, STANDBY, CLOSE),

	/* It joins, and becomes active step by step. */
	LINE(IN(OUT), TICK, READY | DUE, STANDBY, JOIN),
	LINE(IN(STANDBY), ASSIGNED, 0, CHECKING, CHECK),
	LINE(IN(CHECKING), MEMBER, 0, FENCING, INIT),
	LINE(IN(FENCING), INITED, 0, RECHECKING, CHECK),
	LINE(IN(RECHECKING), MEMBER, 0, READING, READ),
	LINE(IN(READING), REACHED, 0, CLAIMING, CLAIM),
	LINE(IN(CLAIMING), COMMITTED, LEFT_BEFORE, ACTIVE, SERVE),
	LINE(IN(CLAIMING), COMMITTED, LEASE_OVER, ACTIVE, SERVE),
	LINE(IN(CLAIMING), COMMITTED, 0, WAITING, NOTHING),
	LINE(IN(WAITING), TICK, LEASE_OVER, ACTIVE, SERVE),

	/* Kafka refuses its epoch, or a step did not succeed. */
	LINE(PRODUCING, FENCED, 0, FENCED, CLOSE | CHECK),
	LINE(OPENING | IN(ACTIVE), FAILED, 0, FENCED, CLOSE | CHECK),
	LINE(IN(YIELDING), FENCED, 0, OUT, CLOSE | LEAVE),
	LINE(IN(YIELDING), FAILED, 0, OUT, CLOSE | LEAVE),
	LINE(IN(FENCED), MEMBER, OFTEN, OUT, LEAVE),
	LINE(IN(FENCED), MEMBER, 0, PAUSING, NOTHING),
	LINE(IN(PAUSING), TICK, DUE, CHECKING, CHECK),

	/* It cannot serve, and another one may be able to. */
	LINE(IN(ACTIVE), NO_BROKER, MAY_YIELD, YIELDING, LAST_TURN),
	LINE(IN(YIELDING), LEFT, 0, OUT, CLOSE | LEAVE),
	LINE(OPENING | IN(ACTIVE), NO_ANSWER, MAY_YIELD, OUT, CLOSE | LEAVE),
	LINE(IN(ACTIVE), NO_RIGHT, MAY_YIELD, YIELDING, LAST_TURN),
	LINE(OPENING, NO_RIGHT, MAY_YIELD, OUT, CLOSE | LEAVE),
	LINE(IN(STANDBY), NO_RIGHT, 0, OUT, CLOSE | LEAVE),
};
/* clang-format on */

#define COUNT (sizeof(table) / sizeof(*table))

static unsigned facts_of(const struct ztp_role *role,
			 const struct ztp_role_facts *facts)
{
	unsigned found = 0;

	if (facts->ready)
		found |= READY;
	if (facts->left)
		found |= LEFT_BEFORE;
	if (facts->now >= role->inited_at + ZTP_LEASE_MS)
		found |= LEASE_OVER;
	if (ztp_retry_due(&role->tries, facts->now))
		found |= DUE;
	if (role->tries.tries % ZTP_ROLE_TRIES == 0)
		found |= OFTEN;
	if (ztp_retry_due(&role->yields, facts->now))
		found |= MAY_YIELD;
	return found;
}

static const struct line *find(enum ztp_role_state state,
			       enum ztp_role_event event, unsigned facts)
{
	for (size_t i = 0; i < COUNT; i++)
		if ((table[i].in & 1u << state) && table[i].on == event &&
		    (table[i].when & ~facts) == 0)
			return &table[i];
	return NULL;
}

/* --- what is remembered */

/* Another one may be able to serve. */
static bool is_unable(enum ztp_role_event event)
{
	return event == ZTP_ROLE_ON_NO_BROKER ||
	       event == ZTP_ROLE_ON_NO_ANSWER || event == ZTP_ROLE_ON_NO_RIGHT;
}

static bool is_chosen(enum ztp_role_state state)
{
	return (1u << state & (OPENING | IN(ACTIVE))) != 0;
}

static void note_unable(struct ztp_role *role, int64_t now)
{
	if (role->unable_at != 0 && now >= role->unable_at + ZTP_ROLE_ABLE_MS)
		ztp_retry_succeeded(&role->yields);
	role->unable_at = now;
}

/* Was it to be active, and is there nothing to show for it? */
static bool came_to_nothing(const struct ztp_role *role,
			    const struct line *line)
{
	if (line->to == ZTP_ROLE_FENCED)
		return true;
	return line->to == ZTP_ROLE_OUT && is_chosen(role->state) &&
	       line->on != ZTP_ROLE_ON_MEMBER &&
	       !(role->state == ZTP_ROLE_ACTIVE && role->served);
}

/* The times that the states go by. */
static void note(struct ztp_role *role, const struct line *line,
		 const struct ztp_role_facts *facts)
{
	if (is_unable(line->on) && is_chosen(role->state))
		ztp_retry_failed(&role->yields, &yields_pace, facts->now,
				 facts->random);
	else if (came_to_nothing(role, line))
		ztp_retry_failed(&role->tries, &tries_pace, facts->now,
				 facts->random);
	if (line->to == ZTP_ROLE_RECHECKING)
		role->inited_at = facts->now;
	if (line->to == ZTP_ROLE_ACTIVE)
		role->served = false;
}

static void note_turn(struct ztp_role *role)
{
	ztp_retry_succeeded(&role->tries);
	role->served = true;
}

unsigned ztp_role_on(struct ztp_role *role, enum ztp_role_event event,
		     const struct ztp_role_facts *facts)
{
	const struct line *line;

	if (is_unable(event) && is_chosen(role->state))
		note_unable(role, facts->now);
	line = find(role->state, event, facts_of(role, facts));
	if (role->state == ZTP_ROLE_ACTIVE && event == ZTP_ROLE_ON_COMMITTED)
		note_turn(role);
	if (!line)
		return 0;
	note(role, line, facts);
	role->state = line->to;
	return line->actions;
}

int64_t ztp_role_next(const struct ztp_role *role)
{
	switch (role->state) {
	case ZTP_ROLE_OUT:
	case ZTP_ROLE_PAUSING:
		return role->tries.at;
	case ZTP_ROLE_WAITING:
		return role->inited_at + ZTP_LEASE_MS;
	default:
		return 0;
	}
}

int64_t ztp_role_keeps_until(const struct ztp_role *role,
			     enum ztp_role_event event, int64_t now)
{
	return is_unable(event) && is_chosen(role->state) &&
			       !ztp_retry_due(&role->yields, now)
		       ? role->yields.at
		       : 0;
}

const char *ztp_role_state_name(enum ztp_role_state state)
{
	static const char *const names[] = {
#define X(name, text, public) text,
		ZTP_ROLE_LIST(X)
#undef X
	};

	return state < ZTP_ROLE_END ? names[state] : "";
}

const char *ztp_role_name(enum ztp_role_state state)
{
	static const char *const names[] = {
#define X(name, text, public) public,
		ZTP_ROLE_LIST(X)
#undef X
	};

	return state < ZTP_ROLE_END ? names[state] : "";
}

bool ztp_role_serves(enum ztp_role_state state)
{
	return (1u << state & (IN(ACTIVE) | LASTING)) != 0;
}

/* --- the lease */

void ztp_lease_renew(struct ztp_lease *lease, int64_t began)
{
	if (began > lease->began)
		lease->began = began;
}

void ztp_lease_end(struct ztp_lease *lease)
{
	lease->began = 0;
}

bool ztp_lease_holds(const struct ztp_lease *lease, int64_t now)
{
	return lease->began > 0 && now >= lease->began &&
	       now < lease->began + ZTP_LEASE_MS;
}

int64_t ztp_lease_until(const struct ztp_lease *lease)
{
	return lease->began > 0 ? lease->began + ZTP_LEASE_MS : 0;
}

int64_t ztp_lease_turn_at(const struct ztp_lease *lease)
{
	return lease->began > 0 ? lease->began + ZTP_LEASE_MS / 2 : 0;
}

/* --- decisions of unknown ids */

int64_t ztp_hold_until(int64_t until, bool left, int64_t now)
{
	return left ? until : now + ZTP_HOLD_MS;
}
