#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/thread.h"

struct sim sim;

struct due {
	int64_t at;
	uint64_t order, life;
	struct process *of; /* NULL: of nobody's */
	sim_event *event;
	void *arg;
	int64_t n;
};

static struct due *heap;
static size_t heap_count, heap_room;
static struct due *parked; /* of those who are stopped */
static size_t parked_count, parked_room;
static uint64_t order;

static void reseed(uint64_t seed)
{
	int i;

	for (i = 0; i < 4; i++) { /* splitmix64 */
		uint64_t z = (seed += 0x9e3779b97f4a7c15u);

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		sim.rng[i] = z ^ (z >> 31);
	}
}

void sim_begin(uint64_t seed, bool verbose, struct sim_stats *stats)
{
	memset(&sim, 0, sizeof(sim));
	sim.seed = seed;
	sim.verbose = verbose;
	sim.stats = stats;
	memset(stats, 0, sizeof(*stats));
	stats->hash = 0xcbf29ce484222325u;
	heap_count = parked_count = 0;
	reseed(seed);
}

/* --- drawn */

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

uint64_t sim_random(void) /* xoshiro256** */
{
	uint64_t *s = sim.rng, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

int64_t sim_between(int64_t low, int64_t high)
{
	return low >= high ? low
			   : low + (int64_t)(sim_random() %
					     (uint64_t)(high - low + 1));
}

bool sim_odds(int n)
{
	return n > 0 && sim_random() % (uint64_t)n == 0;
}

int64_t sim_delay(int64_t low, int64_t high)
{
	int64_t span = high - low;

	if (!sim_odds(16))
		span /= 16;
	return sim_between(low, low + span);
}

/* --- what happens next */

static bool before(const struct due *a, const struct due *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void put(const struct due *due)
{
	size_t i = heap_count++;

	if (heap_count > heap_room) {
		heap_room = heap_room ? 2 * heap_room : 1024;
		heap = realloc(heap, heap_room * sizeof(*heap));
		if (!heap)
			abort();
	}
	for (; i > 0 && before(due, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = *due;
}

static struct due take(void)
{
	struct due top = heap[0], last = heap[--heap_count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < heap_count) {
		if (child + 1 < heap_count &&
		    before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &last))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return top;
}

static void schedule(int64_t delay, struct process *of, sim_event *event,
		     void *arg, int64_t n)
{
	struct due due = {.at = sim.now + delay,
			  .order = order + 1,
			  .life = of ? of->life : 0,
			  .of = of,
			  .event = event,
			  .arg = arg,
			  .n = n};

	order++;
	put(&due);
}

void sim_at(int64_t delay, sim_event *event, void *arg, int64_t n)
{
	schedule(delay, NULL, event, arg, n);
}

void sim_at_of(struct process *of, int64_t delay, sim_event *event, void *arg,
	       int64_t n)
{
	if (of->alive)
		schedule(delay, of, event, arg, n);
}

void sim_at_life(int64_t delay, sim_event *event, void *arg, int64_t n)
{
	sim_at_of(sim.me, delay, event, arg, n);
}

static void park(const struct due *due)
{
	if (parked_count == parked_room) {
		parked_room = parked_room ? 2 * parked_room : 256;
		parked = realloc(parked, parked_room * sizeof(*parked));
		if (!parked)
			abort();
	}
	parked[parked_count++] = *due;
}

/* In the order in which they were due. */
void sim_unpark(const struct process *of)
{
	size_t i, left = 0;

	for (i = 0; i < parked_count; i++)
		if (parked[i].of == of)
			put(&parked[i]);
		else
			parked[left++] = parked[i];
	parked_count = left;
}

/* The event is its process's own doing, and may be its end. */
static void dispatch(const struct due *due)
{
	struct process *before = process_be(due->of), *p = due->of;

	sim.in_event = true;
	due->event(due->arg, due->n);
	if (p && p->crash_now)
		sim_kill();
	sim.in_event = false;
	process_be(before);
}

bool sim_step(int64_t until)
{
	struct due due;

	if (heap_count == 0 || heap[0].at > until) {
		if (until > sim.now)
			sim.now = until;
		return false;
	}
	due = take();
	if (due.at > sim.now)
		sim.now = due.at;
	if (due.of && (due.life != due.of->life || !due.of->alive))
		return true;
	if (due.of && due.of->stopped)
		park(&due);
	else
		dispatch(&due);
	return true;
}

void sim_pass(int64_t us)
{
	if (thread_current())
		thread_sleep(us);
	else if (!sim.in_event) /* a callback: others wait for it */
		process_wait(NULL, NULL, sim.now + us);
}

/* --- seams */

void sim_kill(void)
{
	process_end(PROCESS_KILLED);
}

void sim_point(void)
{
	struct process *p = sim.me;

	if (!p || !p->alive)
		return;
	sim.stats->points++;
	if (p->crash_in > 0 && --p->crash_in == 0 && !sim.calm)
		sim_kill();
	if (sim.in_event || p->held > 0 || thread_current() ||
	    !sim_odds(sim.plan.interleave))
		return;
	sim_pass(sim_delay(1, 3 * SIM_MS));
}

/* --- told */

uint64_t sim_hash(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t h = 0xcbf29ce484222325u;

	for (; n >= 8; n -= 8, p += 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		h = rotl((h ^ word) * 0x9fb21c651e98df25u, 29);
	}
	while (n-- > 0)
		h = (h ^ *p++) * 0x100000001b3u;
	return h ^ h >> 31;
}

static void mix(uint64_t word)
{
	uint64_t h = (sim.stats->hash ^ word) * 0x9fb21c651e98df25u;

	sim.stats->hash = h ^ h >> 29;
}

void sim_bytes(const void *bytes, size_t n)
{
	mix(sim_hash(bytes, n));
}

void sim_trace(const char *what, int64_t a, int64_t b)
{
	sim_bytes(what, strlen(what));
	mix((uint64_t)sim.now);
	mix((uint64_t)a);
	mix((uint64_t)b);
	if (sim.verbose)
		fprintf(stderr, "%10.6f %s %lld %lld\n", (double)sim.now / 1e6,
			what, (long long)a, (long long)b);
}

void sim_input(const char *what, int64_t a, int64_t b)
{
	sim.stats->inputs++;
	sim_trace(what, a, b);
}

void sim_find(const char *form, ...)
{
	struct sim_stats *stats = sim.stats;
	char text[512];
	va_list args;

	va_start(args, form);
	vsnprintf(text, sizeof(text), form, args);
	va_end(args);
	if (stats->findings++ == 0)
		memcpy(stats->finding, text, sizeof(text));
	sim_bytes(text, strlen(text));
	if (sim.verbose)
		fprintf(stderr, "%10.6f FOUND %s\n", (double)sim.now / 1e6,
			text);
}

void *sim_alloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		abort();
	return p;
}

void *sim_copy(const void *bytes, size_t n)
{
	char *p = sim_alloc(n + 1);

	if (n > 0)
		memcpy(p, bytes, n);
	return p;
}
