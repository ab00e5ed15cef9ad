#include "tests/sim/process.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/sim/sim.h"
#include "tests/sim/thread.h"

#define STACK (2 << 20)

enum resting { NOT_AT_ALL, STARTS, WAITS, FOR_GOOD };

/* What the scheduler knows of each. */
static struct coroutine {
	ucontext_t context;
	void *stack;
	enum resting resting;
	bool (*holds)(void *arg);
	void *arg;
	int64_t until;
	int how;    /* it has ended: 0: it has not */
	void *kept; /* AddressSanitizer's, of this stack while it is left */
} coroutines[PROCESSES_MAX];

struct process processes[PROCESSES_MAX];
int process_count;

static process_run *run_one;
static process_ended *ended_one;
static ucontext_t scheduler;
static sigjmp_buf out_of_event; /* in the scheduler */

struct process *process_be(struct process *p)
{
	struct process *before = sim.me;

	sim.me = p;
	return before;
}

static struct coroutine *of(const struct process *p)
{
	return &coroutines[p->number];
}

void process_begin(int count, process_run *run, process_ended *ended)
{
	int i;

	run_one = run;
	ended_one = ended;
	process_count = count;
	for (i = 0; i < count; i++) {
		processes[i] = (struct process){.number = i};
		coroutines[i] =
			(struct coroutine){.resting = STARTS, .until = sim.now};
	}
}

/* --- from one stack to the other, of which AddressSanitizer is told */

#ifdef __SANITIZE_ADDRESS__
#	include <sanitizer/common_interface_defs.h>

static const void *outside; /* the scheduler's stack */
static size_t outside_size;

static void leave_for(void **kept, const void *stack, size_t size)
{
	__sanitizer_start_switch_fiber(kept, stack, size);
}

static void leave(void **kept)
{
	leave_for(kept, outside, outside_size);
}

static void arrive(void *kept, bool from_scheduler)
{
	__sanitizer_finish_switch_fiber(kept, from_scheduler ? &outside : NULL,
					from_scheduler ? &outside_size : NULL);
}
#else
static void leave_for(void **kept, const void *stack, size_t size)
{
	(void)kept;
	(void)stack;
	(void)size;
}

static void leave(void **kept)
{
	(void)kept;
}

static void arrive(void *kept, bool from_scheduler)
{
	(void)kept;
	(void)from_scheduler;
}
#endif

static void first(void)
{
	struct process *p = sim.me;

	arrive(NULL, true);
	process_end(PROCESS_EXITED + run_one(p));
}

static void start(struct process *p)
{
	struct coroutine *c = of(p);

	p->life++;
	p->alive = true;
	if (!c->stack)
		c->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->stack == MAP_FAILED || getcontext(&c->context) != 0)
		abort();
	c->context.uc_stack.ss_sp = c->stack;
	c->context.uc_stack.ss_size = STACK;
	makecontext(&c->context, first, 0);
}

/* What has become of it is looked at here, whoever ended it. */
static void bury(struct process *p)
{
	struct coroutine *c = of(p);
	int how = c->how;
	int64_t pause;

	c->how = 0;
	p->alive = p->stopped = p->crash_now = false;
	p->held = 0;
	process_be(p);
	pause = ended_one(p, how);
	process_be(NULL);
	c->resting = pause < 0 ? FOR_GOOD : STARTS;
	c->holds = NULL;
	c->until = sim.now + pause;
}

static void enter(struct process *p)
{
	struct coroutine *c = of(p);
	void *kept = NULL;

	if (c->resting == STARTS)
		start(p);
	c->resting = NOT_AT_ALL;
	process_be(p);
	leave_for(&kept, c->stack, STACK);
	if (swapcontext(&scheduler, &c->context) != 0)
		abort();
	arrive(kept, false);
	process_be(NULL);
	if (c->how != 0)
		bury(p);
}

/* A stack that is left here is made anew, or never entered again. */
void process_end(int how)
{
	struct process *p = sim.me;

	if (of(p)->how == 0)
		of(p)->how = how;
	if (thread_current())
		thread_die(); /* sim_step comes here again */
	if (sim.in_event) {
		sim.in_event = false;
		siglongjmp(out_of_event, 1);
	}
	leave(NULL);
	if (setcontext(&scheduler) != 0)
		abort();
	abort();
}

static void wait_in_main(bool (*holds)(void *arg), void *arg, int64_t until)
{
	bool more = true;

	while (holds ? !holds(arg) && sim.now < until : more)
		more = sim_step(until);
}

void process_wait(bool (*holds)(void *arg), void *arg, int64_t until)
{
	struct process *p = sim.me;
	struct coroutine *c;
	int before = errno;

	if (p->is_main) {
		wait_in_main(holds, arg, until);
		return;
	}
	c = of(p);
	c->resting = WAITS;
	c->holds = holds;
	c->arg = arg;
	c->until = until;
	leave(&c->kept);
	if (swapcontext(&c->context, &scheduler) != 0)
		abort();
	arrive(c->kept, true);
	errno = before;
}

/* --- whose turn it is */

/* drained: all that is due by now has been done. */
static bool is_due(const struct process *p, bool drained)
{
	const struct coroutine *c = of(p);

	if (c->resting == FOR_GOOD || p->stopped)
		return false;
	if (c->holds)
		return sim.now >= c->until || c->holds(c->arg);
	return drained && sim.now >= c->until;
}

/* The first one runs, and the others are looked at again after it. */
static bool resume(bool drained)
{
	int i;

	for (i = 0; i < process_count; i++)
		if (is_due(&processes[i], drained)) {
			enter(&processes[i]);
			return true;
		}
	return false;
}

static int64_t next(void)
{
	int64_t at = sim.now + 3600 * SIM_S;
	int i;

	for (i = 0; i < process_count; i++)
		if (coroutines[i].resting != FOR_GOOD &&
		    !processes[i].stopped && coroutines[i].until < at)
			at = coroutines[i].until;
	return at > sim.now ? at : sim.now;
}

static bool all_are_at_rest(void)
{
	int i;

	for (i = 0; i < process_count; i++)
		if (coroutines[i].resting != FOR_GOOD)
			return false;
	return true;
}

void process_schedule(bool (*over)(void))
{
	static bool drained;
	int i;

	drained = false;
	/* A callback in which its process was killed is left here. */
	if (sigsetjmp(out_of_event, 0) != 0)
		drained = false;
	for (;;) {
		for (i = 0; i < process_count; i++)
			if (of(&processes[i])->how != 0)
				bury(&processes[i]);
		process_be(NULL);
		if (all_are_at_rest() || over())
			return;
		if (resume(drained))
			drained = false;
		else
			drained = !sim_step(next());
	}
}

/* --- from outside */

void process_kill(struct process *p)
{
	if (p->alive)
		of(p)->how = PROCESS_KILLED;
}

void process_stop(struct process *p)
{
	p->stopped = p->alive;
}

void process_continue(struct process *p)
{
	if (!p->stopped)
		return;
	p->stopped = false;
	sim_unpark(p);
}
