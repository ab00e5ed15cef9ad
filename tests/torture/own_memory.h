/*
 * tests/torture/own_memory.h - included before every file of the test's own
 * that is linked to the tortured code: its memory never fails, and is not
 * counted. The linker has put tests/torture/memory.c before the names that are
 * replaced here.
 */
#ifndef TESTS_TORTURE_OWN_MEMORY_H
#define TESTS_TORTURE_OWN_MEMORY_H

#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *block, size_t n);
void __real_free(void *block);

static inline char *own_strndup(const char *text, size_t max)
{
	size_t n = strnlen(text, max);
	char *copy = __real_malloc(n + 1);

	if (!copy)
		abort();
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

#define malloc(n)	   __real_malloc(n)
#define calloc(count, n)   __real_calloc(count, n)
#define realloc(block, n)  __real_realloc(block, n)
#define free(block)	   __real_free(block)
#define strndup(text, max) own_strndup(text, max)
#define strdup(text)	   own_strndup(text, (size_t)-1)

#endif
