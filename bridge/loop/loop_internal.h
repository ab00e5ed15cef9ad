/*
 * bridge/loop/loop_internal.h - shared by the loop's turn (loop.c), its parts
 * (parts.c) and its waiting (loop_wait.c).
 */
#ifndef BRIDGE_LOOP_LOOP_INTERNAL_H
#define BRIDGE_LOOP_LOOP_INTERNAL_H

#include "bridge/kafka/probe.h"
#include "bridge/ledger/ledger_local.h"
#include "bridge/ledger/turns.h"
#include "bridge/life/bridge.h"
#include "bridge/life/channels.h"
#include "bridge/life/handed.h"
#include "bridge/loop/backpressure.h"
#include "bridge/loop/evict.h"
#include "bridge/loop/loop.h"
#include "bridge/loop/notify.h"
#include "bridge/loop/part.h"
#include "ztp/retry.h"
#include "ztp/role.h"

struct loop {
	struct bridge b;
	struct ledger_local local; /* b.ledger of a single bridge */
	/* Of one that is active among several, else NULL. */
	const struct loop_group *group;
	struct turns *turns;
	struct leftovers *leftovers;
	struct handed handed;
	struct channels channels;
	struct ztp_lease lease;
	int64_t next_copy;	 /* CLOCK_BOOTTIME */
	int64_t next_turn;	 /* steady ms; not before */
	struct ztp_retry undone; /* turns, one after the other */
	/* loop_turns.c: whom the bridge before may have asked too late; until: 0:
	 * nobody. Steady ms. */
	struct store_late late;
	/* loop_leaving.c. last: the turn that is under way is the last one. */
	bool stop_told, leaving, last, left;
	int64_t leave_by;
	/* urgent_fd: sources that end the short wait between turns; epoll_fd:
	 * all sources. */
	int urgent_fd, epoll_fd;
	int signal_fd, wake_fd, work_fd;
	bool coalesce, recover;
	int64_t commit_by; /* deadline of the open transaction, or 0 */
	int commands_fd;   /* as registered with epoll, or -1 */
	uint32_t commands_events;
	struct probe_status status;
	/* A turn, or several one after the other, of which Kafka has said nothing;
	 * CLOCK_BOOTTIME, ms; 0: it answers. */
	int64_t unanswered_since;
	int64_t next_housekeeping, next_store_try, stop_by;
	bool housekeeping;  /* in this turn */
	bool more_payloads; /* that are due */
	struct probe_end_offsets ends;
	int64_t ends_since; /* asked_at of the end offsets last used */
	bool waiting; /* requests are due whose decisions may be under way */
	bool more;    /* a part has more to apply */
	uint64_t gaps, cuts; /* of the journal, already logged */
	int exit_code;
	struct backpressure backpressure;
	struct eviction eviction;
	struct notify notify;
	struct log_limit store_failures, turns_undone;
	struct log_held said; /* by what has been applied; not committed yet */
	loop_reload *reload;
	void *reload_arg;
};

/* In the files part_*.c. */
extern const struct part store_part, channels_part, verdicts_part,
	mqtt_out_part, probe_part, producer_part, mqtt_in_part, consumer_part,
	registrar_part, commands_part, deadlines_part, payloads_part,
	housekeeping_part, history_part, http_part, leftovers_part;

/* loop_turns.c: the turn of one that is active among several. open: with the
 * ledger. send: after apply; 0 if it is under way, 1 if it is done, or a negative
 * error. */
int loop_turns_open(struct loop *l, struct ztp_error *error);
void loop_turns_close(struct loop *l);
int loop_turns_send(struct loop *l, struct ztp_error *error);
/* What has become of it. */
enum turns_end loop_turns_take(struct loop *l);
/* After its effects: the next one waits for others to share it. It does not
 * while commands wait for acknowledgements to have room: then they set the
 * pace. */
void loop_turns_pace(struct loop *l);
/* After one that Kafka, or the store, has not taken. */
void loop_turns_put_off(struct loop *l);
/* During apply, before deadlines are looked at: who was asked in a turn that was
 * committed after his deadline was not asked in time. taken_over: the turn may
 * have been the last one of the bridge before this one. */
void loop_turns_taken_over(struct loop *l);
int loop_turns_unask(struct loop *l, struct ztp_error *error);
/* Neither under way nor paused: may a turn begin? */
bool loop_turns_may_begin(const struct loop *l);
/* Of entries, how many a turn takes. */
int loop_turn_max(const struct loop *l);
/* Likewise, of what comes by the clock. */
int loop_turn_few(const struct loop *l);
/* After it was committed: may its effects go out? And writes the copy, now and
 * then. */
bool loop_turns_may_act(struct loop *l);
/* Is no other one active? Only then may it come to the broker under the names
 * that the active one has. look: notes it for the connections, and ends intake if
 * not. */
bool loop_turns_has_lease(const struct loop *l);
void loop_turns_look(struct loop *l);
/* When the next turn is due, whatever else there is; 0: never. */
int64_t loop_turns_next(const struct loop *l, int64_t now);

/* loop_leaving.c: the last turn of that one. turn: in each turn of the loop. waits:
 * a signal has come, and the last turn is not committed. is_late: it has taken too
 * long. is_last: after apply. done: it has been committed. */
void loop_leaving_turn(struct loop *l);
bool loop_leaving_waits(const struct loop *l);
bool loop_leaving_is_late(const struct loop *l);
bool loop_leaving_is_last(const struct loop *l);
int64_t loop_leaving_next(const struct loop *l, int64_t now); /* 0: never */
void loop_leaving_done(struct loop *l);

/* Blocks the signals that the loop handles. Call this before any
 * thread starts. */
int loop_wait_open(struct loop *l, struct ztp_error *error);
int loop_wait_http(struct loop *l, struct ztp_error *error);
void loop_wait_close(struct loop *l);

/* Waits until there is work. Returns 0, or -1 if it cannot wait at all. */
int loop_wait(struct loop *l);

#endif
