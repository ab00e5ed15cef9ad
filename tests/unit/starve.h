/*
 * tests/unit/starve.h - makes memory run out: the n-th allocation of the test's
 * thread from now on fails, and so do all after it. Include it in one file of a
 * program only, because it defines malloc.
 */
#ifndef TEST_STARVE_H
#define TEST_STARVE_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>

#define STARVE_NEVER -1

/* A global, because malloc takes no context. */
static _Thread_local int allocations_left = STARVE_NEVER;

/* These are called before the sanitizer is ready. */
#define EARLY __attribute__((no_sanitize("address", "undefined")))

EARLY static bool starved(void)
{
	if (allocations_left > 0)
		allocations_left--;
	else if (allocations_left == 0)
		return true;
	return false;
}

/* The program's functions come before the sanitizer's, which are next, and the
 * C library's. Libraries use them as well. */
#define NEXT(pointer, name)                                                    \
	do {                                                                   \
		if (!(pointer))                                                \
			*(void **)&(pointer) = dlsym(RTLD_NEXT, name);         \
	} while (0)

EARLY void *malloc(size_t n)
{
	static void *(*next)(size_t n);

	NEXT(next, "malloc");
	return starved() ? NULL : next(n);
}

EARLY void *calloc(size_t count, size_t n)
{
	static void *(*next)(size_t count, size_t n);

	NEXT(next, "calloc");
	return starved() ? NULL : next(count, n);
}

EARLY void *realloc(void *old, size_t n)
{
	static void *(*next)(void *old, size_t n);

	NEXT(next, "realloc");
	return starved() ? NULL : next(old, n);
}

#endif
