/*
 * bridge/loop/loop.h - runs the daemon from start to end.
 */
#ifndef BRIDGE_LOOP_LOOP_H
#define BRIDGE_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "bridge/config/config.h"

/* What SIGHUP does besides reconnecting. Called in the loop thread. False: there
 * is nothing new to reconnect with. */
typedef bool loop_reload(void *arg);

/* Of one that is active among several: their ledger, which outlives the loop. The
 * copy has been read to its end, and the turn opened. */
struct bridge;
struct copy;
struct turn;
struct loop_group {
	struct copy *copy;
	struct turn *turn;
	const char *journal; /* the id of this store's */
	/* During apply, when nothing else is to be written: a row, so that Kafka
	 * is asked whether this bridge still is the active one. left: the last
	 * row of a bridge that leaves. */
	int (*put_active)(void *arg, bool left, struct ztp_error *error);
	int64_t hold_until;  /* see bridge.h */
	int64_t kafka_ahead; /* of the wall clock, ms; 0: they agree */
	/* What follows may be NULL, for one that has no group. In each turn of the
	 * loop: hears of the group, and says whether this bridge still is the
	 * active one; otherwise it is over. Called when wake_fd, an eventfd, was
	 * written, and at `next` (CLOCK_BOOTTIME, ms; 0: never). */
	bool (*go_on)(void *arg);
	int64_t (*next)(const void *arg);
	int wake_fd;
	/* Has the admin server, and the process's counters while no loop runs.
	 * serving: they are this bridge's now; NULL: not any more. */
	struct bridge *home;
	void (*serving)(void *arg, struct bridge *b);
	/* In each turn of the loop, before go_on: is the MQTT broker in reach,
	 * does the disk take what is written, and since when has Kafka said
	 * nothing of a turn (CLOCK_BOOTTIME, ms; 0: it answers)? */
	void (*health)(void *arg, bool broker, bool disk,
		       int64_t unanswered_since);
	/* A turn with a row in it has been committed. */
	void (*committed)(void *arg);
	/* A signal asks it to end. Then, or whenever `leaving` says so, there is a
	 * last turn (loop_leaving.c). `left`: that one has been committed, and
	 * nothing can be told any more. All NULL for one that has no group. */
	void (*stop)(void *arg);
	bool (*leaving)(const void *arg);
	void (*left)(void *arg);
	void *arg;
};

#define LOOP_OVER (-1) /* it has to become active anew */

/* The same for that one; also ends with LOOP_OVER. */
int loop_run_active(const struct config *config, struct log *log,
		    const struct loop_group *group, loop_reload *reload,
		    void *reload_arg);

/* Runs until SIGTERM or SIGINT, then drains for at most shutdown_timeout.
 * Returns the exit status: 0, or 1 for a failure, which has been logged. */
int loop_run(const struct config *config, struct log *log, loop_reload *reload,
	     void *reload_arg);

#endif
