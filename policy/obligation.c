/*
 * What the bridge owes a device: the second state machine, beside a request's
 * life cycle.
 *
 * The life cycle says what a request is. This says what is still to be done for
 * it in the outside world, and when. They are separate because they end at
 * different times: a rejection ends the request at once, and the device is told
 * afterwards; an undeliverable command is kept in case the device still comes;
 * an onboarded device may get its command again.
 *
 * It is one table. A line says: in one of these states, on this event and if
 * these facts hold, the obligation becomes this, and its three numbers change
 * like that. The first matching line decides. If none matches, nothing changes.
 * So lines with more facts come before lines with fewer.
 *
 * `tries` counts the tries. Besides, what has never been tried goes first, and
 * the rest shares the retry rate. `retry_at` is 0 in exactly the states that
 * wait for the device (wait_device, notice_wait) or for nothing (none).
 *
 * `losses` counts the tries in a row that got no answer, whatever the answer
 * would have been. Such a try may have closed the connection, for example
 * because the broker does not accept that size, and then everything else in
 * flight was lost with it. So what has a loss is a suspect: it pauses, and the
 * bridge tries it alone. The answer clears it. What is lost ZTP_LOSSES_MAX times
 * in a row is given up for good. With a gate, even a command that is given up
 * waits for its device, and each new connection asks whether the device is
 * there; such a command would close that connection, and so on for ever.
 *
 * What is owed to the gate is not given up then. It may have created the device all
 * the same: from the loss ZTP_LOSSES_MAX on the bridge asks whether it has (the
 * question is small, and says nothing that the gate could stumble over). And a
 * candidate that is not let go waits until its certificate expires, and its device
 * with it. There is a deadline for the answer, until which the gate may say nothing.
 * As long as it says that it cannot tell now, it will.
 *
 * A loss that is not known to be the message's own fault (unproven) makes it a
 * suspect, but only the first ZTP_LOSSES_UNPROVEN of those count: while a broker
 * takes nothing, everything is lost again and again, and afterwards one more loss,
 * by chance, must not be the last.
 *
 * With a gate we hear when a device subscribes, so we never publish to an
 * absent one just because a timer fired. Without a gate, 0x10 in a PUBACK is
 * the only sign of absence, and the pauses between tries grow. They grow as
 * well while a device owes its answer: a broker that took the command may have
 * given it to a monitor, and the device may have subscribed since.
 */
#include "ztp/obligation.h"

#include <stddef.h>

#include "ztp/retry.h"

static const struct ztp_retry_pace pace = {
	.first_ms = 250,
	.early_max_ms = 10000,
	.early_tries = 10,
	.max_ms = 300000,
};

/* Of what the gate cannot do now: all devices wait for the same disk, which may
 * be well again at any time. */
static const struct ztp_retry_pace gate = {
	.first_ms = 250,
	.max_ms = 30000,
};

/* Of what is suspected. */
static const struct ztp_retry_pace apart = {
	.first_ms = 250,
	.max_ms = 300000,
};

#define NOTICE_MS 5000	/* to deliver a notice once it can be sent */
#define QUEUED_MS 30000 /* until we look again at one that is still queued, */
#define QUEUED_OF 32	/* or this part of the time that it has waited */
#define ANSWER_MS 5000	/* for the device to answer before we send again */
#define DENIED_MS 5000

#define LOSSES_COUNTED 16 /* by then the pause does not grow any more */

/* --- the table's words */

#define IN(name) (1u << ZTP_OWED_##name)
#define ANY	 (~0u)
#define COMMAND	 (IN(WAIT_DEVICE) | IN(SEND))
#define NOTICE	 (IN(NOTICE_CHECK) | IN(NOTICE_WAIT) | IN(NOTICE_SEND))
#define AT_GATE	 (IN(REGISTER) | IN(RELEASE))
#define SENDING	 (IN(NOTICE_CHECK) | IN(NOTICE_SEND))
#define WAITING	 (IN(WAIT_DEVICE) | IN(NOTICE_WAIT))

/* The facts of struct ztp_owed_facts, and those that follow from `tries`. */
enum {
	GATE = 1,
	ALONE = 2, /* no gate */
	THERE = 4,
	TELL = 8,
	ANSWERS = 16,
	QUEUED = 32,
	UNTRIED = 64,
	TRIED = 128,
	TRIED_TWICE = 256,
	SUSPECT = 512,
	INNOCENT = 1024,
	HOPELESS = 2048, /* with this event */
	REPEATED = 4096,
	BEHIND = 8192,
};

enum tries { TRIES_KEPT, TRIES_ZERO, TRIES_ONE, TRIES_MORE };

enum retry {
	RETRY_KEPT,
	RETRY_NEVER,
	RETRY_NOW,
	RETRY_NEXT,    /* after all that is to be tried now */
	RETRY_BACKOFF, /* after a pause that grows with the tries */
	RETRY_ANSWER,  /* likewise, but leave time for an answer */
	RETRY_GATE,    /* likewise, and never long */
	RETRY_DENIED,
	RETRY_LATER, /* not before the time that the caller gives */
	RETRY_APART, /* after a pause that grows with the losses */
};

enum due {
	DUE_KEPT,
	DUE_NEVER,
	DUE_DECISION,
	DUE_DELIVERY,
	DUE_ANSWER, /* like DUE_DELIVERY, if there is no deadline yet; it is the
		     * device's answer, or the gate's */
	DUE_NOTICE,
	DUE_QUEUED,
};

struct line {
	unsigned in;
	enum ztp_owed_event on;
	unsigned when;
	enum ztp_owed to;
	enum tries tries;
	enum retry retry;
	enum due due;
};

#define ZTP_OWED_SAME ZTP_OWED_END /* stays as it is */

#define LINE_AS(in, on, when, ...)                                             \
	{                                                                      \
		in, ZTP_ON_##on, when, __VA_ARGS__                             \
	}
#define LINE(in, on, when, to, tries, retry, due)                              \
	LINE_AS(in, on, when, ZTP_OWED_##to, TRIES_##tries, RETRY_##retry,     \
		DUE_##due)

/* Results that several lines share. */
#define FREE	ZTP_OWED_NONE, TRIES_KEPT, RETRY_NEVER, DUE_NEVER
#define OVER	ZTP_OWED_NONE, TRIES_ZERO, RETRY_NEVER, DUE_NEVER
#define LET_GO	ZTP_OWED_RELEASE, TRIES_ZERO, RETRY_NOW, DUE_NEVER
#define KEEP_IT ZTP_OWED_WAIT_DEVICE, TRIES_KEPT, RETRY_NEVER, DUE_NEVER

/* clang-format off */
static const struct line table[] = {
	/* in these states, on this event, if these facts hold: the new state,
	 * and the change of tries, retry_at and due_at */

	/* A request begins and is approved. */
	LINE(IN(NONE), RECEIVED, 0, NONE, ZERO, NEVER, DECISION),
	LINE(IN(NONE), APPROVED, GATE | BEHIND, REGISTER, ZERO, NEXT, NEVER),
	LINE(IN(NONE), APPROVED, GATE, REGISTER, ZERO, NOW, NEVER),
	LINE(IN(NONE), APPROVED, 0, SEND, ZERO, NOW, DELIVERY),
	LINE(IN(REGISTER), CREATED, THERE, SEND, ZERO, NOW, DELIVERY),
	LINE(IN(REGISTER), CREATED, 0, WAIT_DEVICE, ZERO, NEVER, DELIVERY),

	/* It ends, or its command was delivered or given up. */
	LINE(ANY, ENDED, TELL | GATE, NOTICE_CHECK, ZERO, NOW, NOTICE),
	LINE(ANY, ENDED, TELL, NOTICE_SEND, ZERO, NOW, NOTICE),
	LINE_AS(ANY, ENDED, GATE, LET_GO),
	LINE_AS(ANY, ENDED, 0, OVER),
	LINE_AS(ANY, DONE, 0, FREE),
	LINE_AS(ANY, GIVEN_UP, HOPELESS, FREE),
	LINE_AS(ANY, GIVEN_UP, 0, KEEP_IT),

	/* The result of a publish. A notice is sent only once. */
	LINE_AS(NOTICE, PUBACK, GATE, LET_GO),
	LINE_AS(NOTICE, PUBACK, 0, OVER),
	LINE(COMMAND, PUBACK, ANSWERS | GATE, WAIT_DEVICE, MORE, NEVER, ANSWER),
	LINE(COMMAND, PUBACK, ANSWERS, SEND, MORE, ANSWER, ANSWER),
	LINE_AS(COMMAND, PUBACK, 0, FREE),
	LINE_AS(NOTICE, NO_SUBSCRIBER, GATE, LET_GO),
	LINE_AS(NOTICE, NO_SUBSCRIBER, 0, OVER),
	LINE(IN(SEND), NO_SUBSCRIBER, GATE, WAIT_DEVICE, MORE, NEVER, KEPT),
	LINE(IN(SEND), NO_SUBSCRIBER, 0, SEND, MORE, BACKOFF, KEPT),
	LINE_AS(NOTICE, REFUSED, GATE, LET_GO),
	LINE_AS(NOTICE, REFUSED, 0, OVER),
	LINE(IN(SEND), REFUSED, 0, SEND, MORE, BACKOFF, KEPT),

	/* There will be no result. */
	LINE_AS(NOTICE, LOST, HOPELESS | GATE, LET_GO),
	LINE_AS(NOTICE, LOST, HOPELESS, OVER),
	LINE(AT_GATE, LOST, HOPELESS, SAME, MORE, APART, ANSWER),
	LINE(IN(NOTICE_CHECK), LOST, 0, SAME, KEPT, APART, KEPT),
	LINE(IN(SEND) | IN(NOTICE_SEND) | AT_GATE, LOST, 0, SAME, MORE, APART,
	     KEPT),
	LINE(WAITING, LOST, 0, SAME, KEPT, KEPT, KEPT),

	/* The deadline has passed. The time for a notice, or for a command, is
	 * the broker's and the device's: time in our own queue does not count.
	 * Nor does it for the gate's answer. */
	LINE(SENDING, DEADLINE, QUEUED | UNTRIED, SAME, KEPT, KEPT, QUEUED),
	LINE(IN(SEND) | AT_GATE, DEADLINE, QUEUED, SAME, KEPT, KEPT, QUEUED),
	LINE_AS(IN(RELEASE), DEADLINE, HOPELESS, FREE),
	LINE_AS(NOTICE, DEADLINE, GATE, LET_GO),
	LINE_AS(NOTICE, DEADLINE, 0, OVER),
	LINE_AS(COMMAND, DEADLINE, 0, KEEP_IT),
	LINE(ANY, DEADLINE, 0, SAME, KEPT, KEPT, NEVER),

	/* What the gate says about devices and candidates. */
	LINE(IN(WAIT_DEVICE), SUBSCRIBED, SUSPECT, SEND, ZERO, APART, KEPT),
	LINE(IN(WAIT_DEVICE), SUBSCRIBED, REPEATED, SEND, ONE, NOW, KEPT),
	LINE(IN(WAIT_DEVICE), SUBSCRIBED, 0, SEND, ZERO, NOW, KEPT),
	LINE(IN(NOTICE_WAIT), HELD_SUBSCRIBED, 0, NOTICE_CHECK, ZERO, NOW,
	     KEPT),
	LINE(NOTICE, HELD, THERE, NOTICE_SEND, MORE, NOW, NOTICE),
	LINE(NOTICE, HELD, 0, NOTICE_WAIT, ZERO, NEVER, NOTICE),
	LINE_AS(NOTICE, NOT_HELD, 0, LET_GO),
	LINE_AS(IN(RELEASE), RELEASED, 0, FREE),
	LINE(AT_GATE, DENIED, HOPELESS, SAME, MORE, DENIED, DELIVERY),
	LINE(AT_GATE, UNAVAILABLE, HOPELESS, SAME, MORE, GATE, DELIVERY),
	LINE(AT_GATE, DENIED, 0, SAME, MORE, DENIED, KEPT),
	LINE(IN(NOTICE_CHECK), DENIED, 0, SAME, KEPT, DENIED, KEPT),
	LINE(AT_GATE, UNAVAILABLE, 0, SAME, MORE, GATE, KEPT),
	LINE(IN(NOTICE_CHECK), UNAVAILABLE, 0, SAME, KEPT, DENIED, KEPT),
	LINE(IN(SEND), CONNECTION_LOST, 0, WAIT_DEVICE, ZERO, NEVER, KEPT),
	LINE(IN(NOTICE_SEND), CONNECTION_LOST, 0, NOTICE_CHECK, ZERO, KEPT,
	     KEPT),
	LINE_AS(ANY, GONE, 0, FREE),

	/* The device came again. A command on its way continues, and one that
	 * was tried before is tried again soon, at the shared rate. With a gate
	 * its subscription tells us more: that it is there now. */
	LINE(IN(SEND), AGAIN, TRIED | INNOCENT, SEND, ZERO, NOW, DELIVERY),
	LINE(IN(NONE) | IN(WAIT_DEVICE), AGAIN, SUSPECT, SEND, ZERO, APART,
	     DELIVERY),
	LINE(IN(NONE) | IN(WAIT_DEVICE), AGAIN, 0, SEND, ZERO, NOW, DELIVERY),
	LINE(IN(NONE), RETURNED, 0, SEND, ONE, LATER, DELIVERY),
	LINE(IN(SEND), KNOCKED, ALONE | ANSWERS | TRIED | INNOCENT, SEND, ONE,
	     NOW, KEPT),
	LINE(IN(SEND), KNOCKED, ALONE | TRIED_TWICE | INNOCENT, SEND, ONE, NOW,
	     KEPT),
	/* There was a gate when it began to wait. */
	LINE(IN(WAIT_DEVICE), KNOCKED, ALONE | INNOCENT, SEND, ZERO, NOW, KEPT),
	LINE(IN(NONE), KEEP_AWAY, 0, RELEASE, ZERO, NOW, KEPT),
};
/* clang-format on */

/* --- reading the table */

const char *ztp_owed_name(enum ztp_owed owed)
{
	static const char *const names[ZTP_OWED_END] = {
#define X(name, number, text) [ZTP_OWED_##name] = text,
		ZTP_OWED_LIST(X)
#undef X
	};

	return (unsigned)owed < ZTP_OWED_END ? names[owed] : "unknown";
}

bool ztp_owed_is_command(enum ztp_owed owed)
{
	return (unsigned)owed < ZTP_OWED_END && (COMMAND & (1u << owed)) != 0;
}

bool ztp_owed_is_notice(enum ztp_owed owed)
{
	return (unsigned)owed < ZTP_OWED_END && (NOTICE & (1u << owed)) != 0;
}

int64_t ztp_obligation_backoff(int tries, uint32_t random)
{
	return ztp_retry_pause(&pace, tries, random);
}

bool ztp_obligation_suspect(const struct ztp_obligation *o)
{
	return o->losses > 0;
}

bool ztp_obligation_hopeless(const struct ztp_obligation *o)
{
	return o->losses >= ZTP_LOSSES_MAX;
}

/* Has somebody answered, or is it about another message from now on? A gate that
 * cannot do it now has not said whether it has done it before. */
static bool clears(enum ztp_owed_event event, int losses)
{
	switch (event) {
	case ZTP_ON_APPROVED:
	case ZTP_ON_CREATED:
	case ZTP_ON_ENDED:
	case ZTP_ON_DONE:
	case ZTP_ON_PUBACK:
	case ZTP_ON_NO_SUBSCRIBER:
	case ZTP_ON_REFUSED:
	case ZTP_ON_NOT_HELD:
	case ZTP_ON_RELEASED:
		return true;
	case ZTP_ON_DENIED:
	case ZTP_ON_UNAVAILABLE:
		return losses < ZTP_LOSSES_MAX;
	default:
		return false;
	}
}

static int losses_after(enum ztp_owed_event event, int losses,
			const struct ztp_owed_facts *facts)
{
	int most = facts->unproven ? ZTP_LOSSES_UNPROVEN : LOSSES_COUNTED;

	if (event == ZTP_ON_LOST)
		return losses < most ? losses + 1 : losses;
	return clears(event, losses) ? 0 : losses;
}

static unsigned facts_of(const struct ztp_obligation *o,
			 enum ztp_owed_event event,
			 const struct ztp_owed_facts *facts)
{
	int losses = losses_after(event, o->losses, facts);

	return (facts->gate ? GATE : ALONE) | (facts->there ? THERE : 0u) |
	       (facts->notify ? TELL : 0u) | (facts->answers ? ANSWERS : 0u) |
	       (facts->queued ? QUEUED : 0u) |
	       (facts->repeated ? REPEATED : 0u) |
	       (facts->behind ? BEHIND : 0u) |
	       (o->tries > 0 ? TRIED : UNTRIED) |
	       (o->tries >= 2 ? TRIED_TWICE : 0u) |
	       (losses > 0 ? SUSPECT : INNOCENT) |
	       (losses >= ZTP_LOSSES_MAX ? HOPELESS : 0u);
}

static const struct line *find(const struct ztp_obligation *o,
			       enum ztp_owed_event event,
			       const struct ztp_owed_facts *facts)
{
	unsigned hold = facts_of(o, event, facts);
	size_t i;

	if ((unsigned)o->what >= ZTP_OWED_END)
		return NULL;
	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].on == event && (table[i].in & (1u << o->what)) &&
		    (table[i].when & ~hold) == 0)
			return &table[i];
	return NULL;
}

static int tries_after(enum tries change, int tries)
{
	switch (change) {
	case TRIES_KEPT:
		return tries;
	case TRIES_ZERO:
		return 0;
	case TRIES_ONE:
		return 1;
	case TRIES_MORE:
		return tries + 1;
	}
	return tries;
}

/* o->tries and o->losses are the new counts. */
static int64_t retry_after(enum retry change, const struct ztp_obligation *o,
			   const struct ztp_owed_facts *facts)
{
	int64_t pause;

	switch (change) {
	case RETRY_KEPT:
		return o->retry_at;
	case RETRY_NEVER:
		return 0;
	case RETRY_NOW:
		return facts->now;
	case RETRY_NEXT:
		return facts->now + 1;
	case RETRY_BACKOFF:
	case RETRY_ANSWER:
		pause = ztp_obligation_backoff(o->tries, facts->random);
		if (change == RETRY_ANSWER && pause < ANSWER_MS)
			pause = ANSWER_MS;
		return facts->now + pause;
	case RETRY_GATE:
		return facts->now +
		       ztp_retry_pause(&gate, o->tries, facts->random);
	case RETRY_DENIED:
		return facts->now + DENIED_MS;
	case RETRY_LATER:
		return facts->not_before;
	case RETRY_APART:
		return facts->now +
		       ztp_retry_pause(&apart, o->losses, facts->random);
	}
	return o->retry_at;
}

/* Each look at what is queued is a write, and while the broker is away everything
 * is: who has waited for a day need not be looked at every half a minute. But the
 * time when waiting ends is not missed. */
static int64_t next_look(const struct ztp_obligation *o,
			 const struct ztp_owed_facts *facts)
{
	int64_t pause = (facts->now - o->retry_at) / QUEUED_OF;
	int64_t until = facts->now + (pause > QUEUED_MS ? pause : QUEUED_MS);

	return facts->queued_until > facts->now && facts->queued_until < until
		       ? facts->queued_until
		       : until;
}

static int64_t due_after(enum due change, const struct ztp_obligation *o,
			 const struct ztp_owed_facts *facts)
{
	int64_t due_at = o->due_at;

	switch (change) {
	case DUE_KEPT:
		return due_at;
	case DUE_NEVER:
		return 0;
	case DUE_DECISION:
		return facts->deadline;
	case DUE_DELIVERY:
		return facts->now + facts->delivery_timeout;
	case DUE_ANSWER:
		return due_at != 0 ? due_at
				   : facts->now + facts->delivery_timeout;
	case DUE_NOTICE:
		return facts->now + NOTICE_MS;
	case DUE_QUEUED:
		return next_look(o, facts);
	}
	return due_at;
}

bool ztp_obligation_change(struct ztp_obligation *o, enum ztp_owed_event event,
			   const struct ztp_owed_facts *facts)
{
	const struct line *line = find(o, event, facts);

	if (!line)
		return false;
	if (line->to != ZTP_OWED_SAME)
		o->what = line->to;
	o->tries = tries_after(line->tries, o->tries);
	o->losses = losses_after(event, o->losses, facts);
	o->retry_at = retry_after(line->retry, o, facts);
	o->due_at = due_after(line->due, o, facts);
	return true;
}
