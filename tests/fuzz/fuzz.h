/*
 * tests/fuzz/fuzz.h - one function per door through which strangers' bytes
 * come in. clang's libFuzzer calls it with `make fuzz`; replay.c does with
 * any compiler. It looks for what no input may do: break memory, or make a
 * reader break the promise of its header.
 */
#ifndef ZTP_TESTS_FUZZ_H
#define ZTP_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_NOW 1767323045678LL /* 2026-01-02T03:04:05.678Z, wall clock */

/* libFuzzer's name. data is exactly size bytes on the heap; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define MUST(holds)                                                            \
	do {                                                                   \
		if (!(holds)) {                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n",          \
				__FILE__, __LINE__, #holds);                   \
			abort();                                               \
		}                                                              \
	} while (0)

/* The text up to the next newline (or the end), terminated, free it; *data
 * and *size become what follows. */
static inline char *fuzz_line(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
	size_t n = end ? (size_t)(end - *data) : *size;
	size_t used = end ? n + 1 : n;
	char *line = malloc(n + 1);

	MUST(line);
	if (n > 0)
		memcpy(line, *data, n);
	line[n] = '\0';
	*data += used;
	*size -= used;
	return line;
}

#endif
