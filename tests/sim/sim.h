/*
 * tests/sim/sim.h - one thread, one seed: the clock, what happens next, what
 * is drawn, and what is found.
 *
 * The real bridge runs on played libraries. Everything outside of its loop
 * thread (brokers, devices, customers, and the threads of libraries) is an
 * event of the scheduler, which runs while the loop waits, and now and then
 * between two of its library calls, as other threads would. Time stands still
 * but for what the scheduler makes of it. Nothing is drawn but from the seed.
 *
 * A seed is run in a process of its own (main.c), so nothing here is freed
 * when the bridge is killed.
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/process.h"

/* What a seed decides about a run before it begins (plan.c). Chances are 1 in
 * so many; 0: never. */
struct sim_plan {
	int bridges; /* that are one group; 0: one by itself */
	bool gate, ack_device, sync_full, mqtt3, approve_on_timeout;
	bool hold; /* else the gate refuses candidates */
	int devices;
	int gate_commands, gate_bytes; /* of a message; 0: an older gate */
	int decision_timeout_ms, delivery_timeout_ms;
	int partitions, max_requests, max_finished;
	int kafka_queue;     /* librdkafka's own: messages; 0: its default */
	int broker_queue;    /* max_queued_messages; 0: no bound */
	int64_t trouble_us;  /* until then things go wrong */
	int crash_points;    /* library calls between two crashes, about */
	int downtime_max_ms; /* after a crash */
	int interleave;	     /* chance that other threads run at a call */
	int refuse;	     /* ... that Kafka refuses a batch */
	int lose_connection; /* ... per s, that a connection breaks */
	int forget_session;  /* ... per s, that the broker forgets all */
	int kafka_away;	     /* ... per s, that Kafka goes away */
	int topics_anew;     /* ... per s, that a topic is deleted, or grows */
	int small_bounds; /* ... per s, that a topic takes small records only */
	int strangers;	  /* ... per decision, that a stranger writes one */
	int transactions; /* ... per decision, that it is in a transaction */
	int bad_events;	  /* ... per s, that an event is unreadable */
	int poison;   /* ... per device, that its command ends a connection */
	int full_ms;  /* so long, once, the broker takes nothing */
	int withdraw; /* ... per s, that the gate ends a candidate */
	int resend;   /* ... per s, that an operator asks for an approval */
	int disk_trouble; /* ... per s, that the disk is full or fails */
	int jumps;	  /* ... per s, that the wall clock is set */
	bool zeros;	  /* reserved room is read as such: disk.c */
	bool whole; /* what is beside a write that is cut off stays: vfs.c */
	int session_ms; /* of the group of bridges, and what happens to them: */
	int zombies;	/* ... per s, that one is stopped, and goes on */
	int cuts; /* ... per s, that one reaches Kafka, or the broker, no more */
	int hasty; /* ... per request, that it is decided uncommitted */
	int torn;  /* ... per such request, that its turn's bridge is killed */
	int wiped; /* ... per kill, that its disk is gone, too */
	int late_markers; /* ... per transaction, that it is long in ending */
	int late_reads;	  /* ... per fetch of the state, that it hangs */
	int not_joined;	  /* 1 of n revocations, for good: kafka_group.c */
};

struct sim_stats {
	uint64_t inputs, crashes, points;
	uint64_t requests, decisions, results, commands, lost_connections;
	uint64_t hash;
	int64_t simulated_us;
	int findings;
	char finding[512]; /* the first */
};

extern struct sim {
	uint64_t seed, rng[4];
	bool verbose, calm; /* calm: nothing goes wrong any more */
	bool overtaken; /* a batch by the one behind it, which Kafka had taken */
	struct sim_plan plan;
	struct sim_stats *stats;
	int64_t now;	    /* us since the world began; CLOCK_BOOTTIME */
	int64_t wall_skew;  /* us */
	struct process *me; /* whose code runs; NULL: the world's */
	bool in_event;
} sim;

#define SIM_WALL_BEGIN 1772000000000000LL /* us: a day in 2026 */
#define SIM_MS	       1000LL
#define SIM_S	       1000000LL

void sim_begin(uint64_t seed, bool verbose, struct sim_stats *stats);

/* --- drawn from the seed */
uint64_t sim_random(void);
int64_t sim_between(int64_t low, int64_t high); /* both included */
bool sim_odds(int n);				/* true once in n; 0: never */
/* Mostly near low, sometimes near high: latencies. */
int64_t sim_delay(int64_t low, int64_t high);

/* --- what happens next. arg and n are the function's. */
typedef void sim_event(void *arg, int64_t n);
void sim_at(int64_t delay_us, sim_event *event, void *arg, int64_t n);
/* Of a process, of its threads and sockets: dropped when it is no more, and late
 * when it is stopped. */
void sim_at_of(struct process *of, int64_t delay_us, sim_event *event,
	       void *arg, int64_t n);
void sim_at_life(int64_t delay_us, sim_event *event, void *arg, int64_t n);
void sim_unpark(const struct process *of); /* what was due while it stood */
/* Runs the next event that is due by then. False: none is, and it is then. */
bool sim_step(int64_t until);
void sim_pass(int64_t us); /* time goes by for who calls; others run */

/* --- seams: the bridge has called a library. It may die here, and others may
 * run. */
void sim_point(void);
void sim_kill(void) __attribute__((noreturn)); /* kill -9, now */

/* --- told */
void sim_trace(const char *what, int64_t a, int64_t b);
void sim_bytes(const void *bytes, size_t n); /* into the trace */
void sim_input(const char *what, int64_t a, int64_t b);
void sim_find(const char *form, ...) __attribute__((format(printf, 1, 2)));
uint64_t sim_hash(const void *bytes, size_t n);

void *sim_alloc(size_t n); /* zeroed; never fails, never freed */
void *sim_copy(const void *bytes, size_t n);

#endif
