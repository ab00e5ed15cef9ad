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
	const void *waits; /* NULL: for time alone */
	uint64_t wait;	   /* counts, so that a late wake is known */
	bool done, timed_out;
	bool over; /* joined, or detached */
};

static struct thread threads[PROCESSES_MAX][THREADS_MAX];
static int counts[PROCESSES_MAX]; /* places that were ever used */
static struct thread *current;
static ucontext_t scheduler;

bool thread_current(void)
{
	return current != NULL;
}

static struct thread *mine(pthread_t id)
{
	return &threads[sim.me->number][id - 1];
}

void thread_forget(void)
{
	int i, me = sim.me->number;

	for (i = 0; i < counts[me]; i++)
		munmap(threads[me][i].stack, STACK);
	counts[me] = 0;
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
	sim.me->crash_now = true;
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

#define FOR_EVER (-1)

/* Until what somebody waits for may have passed already: its process was stopped
 * meanwhile. */
static int64_t left(int64_t us)
{
	return us > 0 ? us : 0;
}

static void wait_for(struct thread *t, const void *cond, int64_t us)
{
	t->waits = cond;
	t->timed_out = false;
	if (us != FOR_EVER)
		sim_at_life(us, time_over, t, (int64_t)t->wait);
	leave(t);
	t->waits = NULL;
}

void thread_sleep(int64_t us)
{
	wait_for(current, NULL, left(us));
}

bool thread_await(const void *what, int64_t us)
{
	wait_for(current, what, left(us));
	return !current->timed_out;
}

void thread_wake(const void *what)
{
	int i, me = sim.me->number;

	for (i = 0; i < counts[me]; i++) {
		struct thread *t = &threads[me][i];

		if (t->waits == what && !t->done)
			sim_at_life(sim_delay(1, 5 * SIM_MS), signalled, t,
				    (int64_t)t->wait);
	}
}

/* --- in place of libc's */

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr,
			  void *(*run)(void *arg), void *arg);
int __wrap_pthread_join(pthread_t id, void **result);
int __wrap_pthread_clockjoin_np(pthread_t id, void **result, clockid_t clock,
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

/* One that nobody will ask about is used again. */
static struct thread *place(pthread_t *id)
{
	int me = sim.me->number, i;

	for (i = 0; i < counts[me]; i++)
		if (threads[me][i].over && threads[me][i].done)
			break;
	if (i == THREADS_MAX)
		return NULL;
	if (i == counts[me])
		threads[me][counts[me]++].stack = NULL;
	*id = (pthread_t)i + 1;
	return &threads[me][i];
}

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr,
			  void *(*run)(void *arg), void *arg)
{
	struct thread *t = place(id);

	(void)attr;
	if (!t)
		return EAGAIN;
	*t = (struct thread){.run = run, .arg = arg, .stack = t->stack};
	if (!t->stack)
		t->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->stack == MAP_FAILED || getcontext(&t->context) != 0)
		return EAGAIN;
	t->context.uc_stack.ss_sp = t->stack;
	t->context.uc_stack.ss_size = STACK;
	makecontext(&t->context, first, 0);
	sim_at_life(sim_delay(1, 5 * SIM_MS), begin, t, 0);
	return 0;
}

static bool is_done(void *arg)
{
	return ((struct thread *)arg)->done;
}

static bool join_by(struct thread *t, int64_t until)
{
	if (current)
		while (!t->done && sim.now < until)
			thread_sleep(5 * SIM_MS);
	else
		process_wait(is_done, t, until);
	t->over = t->done;
	return t->done;
}

int __wrap_pthread_join(pthread_t id, void **result)
{
	(void)result;
	if (!join_by(mine(id), sim.now + 600 * SIM_S))
		sim_find("a thread of the bridge does not end");
	return 0;
}

int __wrap_pthread_clockjoin_np(pthread_t id, void **result, clockid_t clock,
				const struct timespec *until)
{
	(void)result, (void)clock; /* the one that is sim.now */
	return join_by(mine(id), until->tv_sec * SIM_S + until->tv_nsec / 1000)
		       ? 0
		       : ETIMEDOUT;
}

int __wrap_pthread_detach(pthread_t id)
{
	mine(id)->over = true;
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
		wait_for(current, cond, FOR_EVER);
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
		wait_for(current, cond, left(us));
		timed_out = current->timed_out;
	} else {
		wait_in_loop();
	}
	__wrap_pthread_mutex_lock(mutex);
	return timed_out ? ETIMEDOUT : 0;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
	thread_wake(cond);
	return 0;
}

int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
	return __wrap_pthread_cond_broadcast(cond); /* each has one waiter */
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	if (!current)
		sim.me->held++;
	return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	if (!current)
		sim.me->held--;
	return __real_pthread_mutex_unlock(mutex);
}
