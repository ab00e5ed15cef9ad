/*
 * tests/unit/starve.h - memory that runs out: the n-th allocation that the
 * test's thread makes from now on fails, and all that follow. To be included by
 * one file of a program, since it defines malloc.
 */
#ifndef TEST_STARVE_H
#define TEST_STARVE_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>

#define STARVE_NEVER -1

/* malloc and its kin take no context. */
static _Thread_local int allocations_left = STARVE_NEVER;

/* Called before the sanitizer has made itself ready. */
#define EARLY __attribute__((no_sanitize("address", "undefined")))

EARLY static bool starved(void)
{
	if (allocations_left > 0)
		allocations_left--;
	else if (allocations_left == 0)
		return true;
	return false;
}

/* A program's own come before the C library's (and the sanitizer's, which is
 * the next one); libraries find them as well. */
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
