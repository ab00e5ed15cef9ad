#include "tests/sim/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#include "tests/sim/sim.h"

#define THREADS_MAX 64
#define STACK	    (256 << 10)

struct thread {
	ucontext_t context;
	void *(*run)(void *arg);
	void *arg;
	void *stack;
	pthread_cond_t *waits; /* NULL: for time alone */
	uint64_t wait;	       /* counts, so that a late wake is known */
	bool done, timed_out;
};

static struct thread threads[THREADS_MAX];
static int count;
static struct thread *current;
static ucontext_t scheduler;

bool thread_current(void)
{
	return current != NULL;
}

void thread_forget(void)
{
	int i;

	for (i = 0; i < count; i++)
		munmap(threads[i].stack, STACK);
	count = 0;
	current = NULL;
}

static void enter(struct thread *t)
{
	current = t;
	if (swapcontext(&scheduler, &t->context) != 0)
		abort();
	current = NULL;
}

static void leave(struct thread *t)
{
	if (swapcontext(&t->context, &scheduler) != 0)
		abort();
}

static void first(void)
{
	struct thread *t = current;

	t->run(t->arg);
	t->done = true;
	leave(t);
}

void thread_die(void)
{
	sim.crash_now = true;
	leave(current);
}

/* --- events */

static void begin(void *arg, int64_t n)
{
	(void)n;
	enter(arg);
}

static void time_over(void *arg, int64_t wait)
{
	struct thread *t = arg;

	if (t->done || t->wait != (uint64_t)wait)
		return;
	t->timed_out = true;
	t->wait++;
	enter(t);
}

static void signalled(void *arg, int64_t wait)
{
	struct thread *t = arg;

	if (t->done || t->wait != (uint64_t)wait)
		return;
	t->wait++;
	enter(t);
}

static void wait_for(struct thread *t, pthread_cond_t *cond, int64_t us)
{
	t->waits = cond;
	t->timed_out = false;
	if (us >= 0)
		sim_at_life(us, time_over, t, (int64_t)t->wait);
	leave(t);
	t->waits = NULL;
}

void thread_sleep(int64_t us)
{
	wait_for(current, NULL, us);
}

/* --- in place of libc's */

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr,
			  void *(*run)(void *arg), void *arg);
int __wrap_pthread_join(pthread_t id, void **result);
int __wrap_pthread_timedjoin_np(pthread_t id, void **result,
				const struct timespec *until);
int __wrap_pthread_detach(pthread_t id);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until);
int __wrap_pthread_cond_signal(pthread_cond_t *cond);
int __wrap_pthread_cond_broadcast(pthread_cond_t *cond);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr,
			  void *(*run)(void *arg), void *arg)
{
	struct thread *t = &threads[count];

	(void)attr;
	if (count == THREADS_MAX)
		return EAGAIN;
	*t = (struct thread){.run = run, .arg = arg};
	t->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->stack == MAP_FAILED || getcontext(&t->context) != 0)
		return EAGAIN;
	t->context.uc_stack.ss_sp = t->stack;
	t->context.uc_stack.ss_size = STACK;
	makecontext(&t->context, first, 0);
	*id = (pthread_t)++count;
	sim_at_life(sim_delay(1, 5 * SIM_MS), begin, t, 0);
	return 0;
}

static bool join_by(struct thread *t, int64_t until)
{
	while (!t->done && sim.now < until)
		sim_step(until < sim.now + SIM_S ? until : sim.now + SIM_S);
	return t->done;
}

int __wrap_pthread_join(pthread_t id, void **result)
{
	(void)result;
	if (!join_by(&threads[id - 1], sim.now + 600 * SIM_S))
		sim_find("a thread of the bridge does not end");
	return 0;
}

int __wrap_pthread_timedjoin_np(pthread_t id, void **result,
				const struct timespec *until)
{
	int64_t wall = until->tv_sec * SIM_S + until->tv_nsec / 1000;

	(void)result;
	return join_by(&threads[id - 1], wall - SIM_WALL_BEGIN - sim.wall_skew)
		       ? 0
		       : ETIMEDOUT;
}

int __wrap_pthread_detach(pthread_t id)
{
	(void)id;
	return 0;
}

/* The loop waits for its thread: everybody else goes on meanwhile. */
static void wait_in_loop(void)
{
	sim_pass(sim_between(10, SIM_MS));
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	__wrap_pthread_mutex_unlock(mutex);
	if (current)
		wait_for(current, cond, -1);
	else
		wait_in_loop();
	__wrap_pthread_mutex_lock(mutex);
	return 0;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until)
{
	int64_t us = until->tv_sec * SIM_S + until->tv_nsec / 1000 - sim.now;
	bool timed_out = false;

	__wrap_pthread_mutex_unlock(mutex);
	if (current) {
		wait_for(current, cond, us > 0 ? us : 0);
		timed_out = current->timed_out;
	} else {
		wait_in_loop();
	}
	__wrap_pthread_mutex_lock(mutex);
	return timed_out ? ETIMEDOUT : 0;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
	int i;

	for (i = 0; i < count; i++)
		if (threads[i].waits == cond && !threads[i].done)
			sim_at_life(sim_delay(1, 5 * SIM_MS), signalled,
				    &threads[i], (int64_t)threads[i].wait);
	return 0;
}

int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
	return __wrap_pthread_cond_broadcast(cond); /* each has one waiter */
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	if (!current)
		sim.held++;
	return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	if (!current)
		sim.held--;
	return __real_pthread_mutex_unlock(mutex);
}
