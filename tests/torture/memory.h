/*
 * tests/torture/memory.h - the allocations of our own code, of SQLite, OpenSSL
 * and cJSON: which of them fail, and which are still there.
 */
#ifndef TESTS_TORTURE_MEMORY_H
#define TESTS_TORTURE_MEMORY_H

#include <stddef.h>

/* First of all, before a library allocates. */
void memory_begin(void);

/* From here on: what is allocated while armed and not freed is a leak.
 * OpenSSL keeps what it has made once, so LeakSanitizer looks at that. */
void memory_mark(void);
/* How many blocks there are since the mark, and where the first was made. */
size_t memory_leaked(char *where, size_t room);

#endif
