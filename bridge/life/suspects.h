/*
 * bridge/life/suspects.h - when a suspect is tried (ztp_obligation_suspect),
 * and when the others wait for it. Loop thread only; time is an argument.
 *
 * A suspect may close the connection, and whatever is in flight then is lost
 * with it. So it is sent alone: no command is sent until those in flight have
 * been answered, then the suspect is, and then nothing until its own answer.
 * An innocent one costs the others two round trips. Each of these waits has a
 * bound, because an answer may never come, and suspects take at most a third of
 * the time. One that did close the connection costs everybody the time to
 * connect again, so the next suspect waits until the new connection has lasted
 * a while.
 *
 * One that the gate says nothing about has not closed the connection by then. It
 * keeps its place at the gate, but not the suspects' turn: many of them would keep
 * the innocent ones behind them waiting for as long as all of their answers may
 * take. After each of these the next has less time for its answer, until a
 * connection is lost.
 */
#ifndef BRIDGE_LIFE_SUSPECTS_H
#define BRIDGE_LIFE_SUSPECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ztp/retry.h"

#define SUSPECTS_SILENT_MAX 16

/* {0} at the start. */
struct suspects {
	int64_t n;	 /* row number of the one in flight, or 0 */
	int64_t sent_at; /* since then it is */
	int64_t since;	 /* the others wait since then; 0: they do not */
	int64_t not_before;
	struct ztp_retry cost; /* the connections that suspects have closed */
	/* Rows of those that the gate still has, and how many have been so since
	 * the connection was made. */
	int64_t silent[SUSPECTS_SILENT_MAX];
	int silent_count, silences;
};

enum suspects_turn {
	SUSPECTS_NONE, /* others are sent, as if there were no suspects */
	SUSPECTS_WAIT, /* nothing is sent */
	SUSPECTS_SEND, /* one suspect is sent */
};

/* next: when the next suspect is due (0: there is none). in_flight: what is
 * unanswered now. */
enum suspects_turn suspects_turn(struct suspects *suspects, int64_t now,
				 int64_t next, int in_flight);

/* After SUSPECTS_SEND: row n was sent, or (n is 0) none could be. */
void suspects_sent(struct suspects *suspects, int64_t now, int64_t n);
void suspects_answered(struct suspects *suspects, int64_t now);

/* The one in flight is the gate's: if it has had its time, it no longer is the one
 * in flight. */
void suspects_look(struct suspects *suspects, int64_t now);

/* The connection was lost, and a new one has been made. */
void suspects_down(struct suspects *suspects, int64_t now, uint32_t random);
void suspects_up(struct suspects *suspects, int64_t now);

/* When suspects_turn may say something else without an event. 0: never. */
int64_t suspects_due(const struct suspects *suspects, int64_t next);

#endif
