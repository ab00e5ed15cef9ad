/*
 * gate/round.h - when to offer what a client of the gate has not acknowledged
 * yet. It is offered in rounds through the database, in the order of ids, one
 * page per turn of the loop, so that 100,000 rows neither fill a queue at once
 * nor hold up the broker. A round begins at start, when somebody subscribes to
 * the topic, and at an interval, which doubles as long as nothing is
 * acknowledged and nothing is new. As long as acknowledgements come, the client
 * is busy with what it has been offered, and a round would only tell it again:
 * the next one is put off until 10 s after the last of them, but at most for a
 * minute, since something may have been lost among what is acknowledged.
 */
#ifndef ZTP_GATE_ROUND_H
#define ZTP_GATE_ROUND_H

#include "ztp/codec.h"

#define ZTP_ROUND_PAGE 100 /* rows in a turn */

struct ztp_round {
	char cursor[ZTP_UUID_LEN]; /* last id of this round; "" at its start */
	bool running;
	bool acked; /* something was acknowledged since the round began */
	int64_t interval_ms; /* until the next round */
	int64_t due_at;	     /* CLOCK_BOOTTIME; 0: at once */
	int64_t ended_at;    /* the last round; CLOCK_BOOTTIME */
};

/* A round begins with the next turn, also in place of one that is running. */
void ztp_round_now(struct ztp_round *round);
/* There is something new: the next round is not far. */
void ztp_round_soon(struct ztp_round *round, int64_t now_ms);

/* Something that was offered has been acknowledged. */
void ztp_round_acked(struct ztp_round *round, int64_t now_ms);

/* Begins a round if none is running and one is due. True: it has begun. */
bool ztp_round_begin(struct ztp_round *round, int64_t now_ms);
void ztp_round_end(struct ztp_round *round, int64_t now_ms);

#endif
