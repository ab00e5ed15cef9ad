/*
 * tests/sim/process.h - the bridges' processes, in one address space.
 *
 * The loop of a bridge is a coroutine (its other threads are, too: thread.h). It
 * runs until it waits; then the scheduler runs what is due, and goes on with
 * whoever has waited long enough. That several bridges can do so side by side
 * rests on one thing: the bridge has no state of its own but what its functions
 * are handed (tests/local/test_sim.py looks at the objects). What a process has
 * of the system (descriptors, threads, locks, handles of libraries) knows whose it
 * is, and is forgotten with it.
 *
 * One that is stopped (SIGSTOP) does not run, and neither do its libraries'
 * threads: what is due for it is kept until it is continued.
 */
#ifndef TESTS_SIM_PROCESS_H
#define TESTS_SIM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROCESSES_MAX 3

struct process {
	int number;    /* from 0 */
	uint64_t life; /* counts its starts */
	bool alive, stopped;
	bool is_main;	/* the program itself, which has no coroutine */
	int held;	/* mutexes that its loop holds */
	int crash_in;	/* points; 0: not now */
	bool crash_now; /* found in one of its threads */
	int64_t skew;	/* us, of its wall clock */
	/* us: until then it reaches Kafka, and the broker, no more. deaf: what it
	 * had sent to Kafka arrives, and is never answered. */
	int64_t kafka_cut, broker_cut;
	bool deaf;
};

extern struct process processes[PROCESSES_MAX];
extern int process_count;

/* Whose code runs, or is to be called: NULL for the world outside. Returns the
 * one before. */
struct process *process_be(struct process *p);

/* Its code: returns an exit code. */
typedef int process_run(struct process *p);
/* It has ended: PROCESS_KILLED, or PROCESS_EXITED and its exit code. Returns when
 * it starts again, in us; -1: never. */
typedef int64_t process_ended(struct process *p, int how);
#define PROCESS_KILLED 1
#define PROCESS_EXITED 2

void process_begin(int count, process_run *run, process_ended *ended);
/* Until all are at rest, or it is over. */
void process_schedule(bool (*over)(void));

/* The process that runs waits, until that holds or the time has come; without a
 * condition until all is done that is due by then. */
void process_wait(bool (*holds)(void *arg), void *arg, int64_t until);

/* Of the one that runs, from whichever stack: kill -9, or _exit. */
void process_end(int how) __attribute__((noreturn));
/* By somebody else. */
void process_kill(struct process *p);
void process_stop(struct process *p);
void process_continue(struct process *p);

#endif
