/*
 * bridge/standby/behind.h - how old a copy is at most, in time. Pure.
 *
 * A standby that reads as fast as the active one writes is never at the end when
 * it looks. So the end is noted, with the time, and when the position has
 * reached it, the copy is as old as that note at most. While the broker that leads
 * the topic is out of reach no end is news: what counts is when it answered last.
 */
#ifndef BRIDGE_STANDBY_BEHIND_H
#define BRIDGE_STANDBY_BEHIND_H

#include <stdbool.h>
#include <stdint.h>

/* Zeros to begin with. CLOCK_BOOTTIME, ms. */
struct behind {
	int64_t reached_at; /* the copy had everything at that time; 0: never */
	int64_t noted_at;   /* 0: no end is noted */
	int64_t end;
};

/* How often the end has to be asked for, so that a copy is not too old for the
 * session timeout between two answers. */
int64_t behind_ask_ms(int64_t session_ms);

/* asked_at: when the end was asked for that the leader has told last; 0: never. lag:
 * records up to that end, 0 when there is nothing more; -1: not known. */
void behind_see(struct behind *behind, int64_t asked_at, int64_t position,
		int64_t lag);
/* How old it is at most; -1: it has never been read to an end. */
int64_t behind_ms(const struct behind *behind, int64_t now);

#endif
