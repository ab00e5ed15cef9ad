#include "tests/torture/paths.h"

#include <execinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define NOTES (1L << 18) /* of a kind; calls beyond are a way of their own */
#define DEPTH 48

static uint64_t (*notes)[NOTES];

void paths_begin(void)
{
	void *frames[2];

	notes = mmap(NULL, FAIL_KINDS * sizeof(*notes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (notes == MAP_FAILED) {
		perror("torture");
		exit(2);
	}
	(void)backtrace(frames, 2); /* it loads a library the first time */
}

void paths_note(enum fail_kind kind, long n)
{
	uint64_t hash = 14695981039346656037u;
	void *frames[DEPTH];
	int i, count;

	if (n > NOTES)
		return;
	fail.outside++;
	count = backtrace(frames, DEPTH);
	fail.outside--;
	for (i = 0; i < count; i++)
		hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211u;
	notes[kind][n - 1] = hash;
}

struct call {
	uint64_t way;
	long n;
};

static int by_way(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	if (x->way != y->way)
		return x->way < y->way ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

long paths_choose(bool *chosen, enum fail_kind kind, long calls, long most)
{
	struct call *sorted = calloc((size_t)calls + 1, sizeof(*sorted));
	long i, j, end, ways = 0;

	if (!sorted)
		abort();
	for (i = 0; i < calls; i++)
		sorted[i] = (struct call){i < NOTES ? notes[kind][i] : 1, i};
	qsort(sorted, (size_t)calls, sizeof(*sorted), by_way);
	for (i = 0; i < calls; i = end, ways++) {
		for (end = i; end < calls && sorted[end].way == sorted[i].way;)
			end++;
		for (j = i; j < end; j++)
			chosen[sorted[j].n] =
				j == i ||
				(j - i) * most / (end - i) !=
					(j - i - 1) * most / (end - i);
	}
	free(sorted);
	return ways;
}
