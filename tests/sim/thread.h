/*
 * tests/sim/thread.h - threads that the bridge starts, as coroutines: one runs
 * until it waits, and goes on when the scheduler says so. pthread_create and
 * the condition variables are replaced by the linker (sim.mk); mutexes stay,
 * and are only counted.
 */
#ifndef TESTS_SIM_THREAD_H
#define TESTS_SIM_THREAD_H

#include <stdbool.h>
#include <stdint.h>

/* Is one of them running (and not the bridge's loop, or the scheduler)? */
bool thread_current(void);
void thread_sleep(int64_t us);
/* It waits for something, by its address: false after that time. Whoever wakes it
 * is of the same process. */
bool thread_await(const void *what, int64_t us);
void thread_wake(const void *what);
void thread_die(void);	  /* the process does: back to the scheduler for good */
void thread_forget(void); /* all of this process */

#endif
