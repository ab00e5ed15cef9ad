/*
 * A block is known by its address, in a table. SQLite's and cJSON's blocks are
 * there as well, because whoever frees one may be our own code.
 */
#include "tests/torture/memory.h"

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/torture/fail.h"

#define SLOTS (1u << 18)

static struct slot {
	void *block; /* NULL: free, and never used */
	void *site;  /* NULL: free again */
} slots[SLOTS];
static size_t used;
/* Not a mutex, because the simulation plays those. */
static atomic_flag lock = ATOMIC_FLAG_INIT;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *block, size_t n);
void __real_free(void *block);

/* The slot of a block, or the one where it would be put. */
static struct slot *slot_of(const void *block, bool add)
{
	size_t i = (size_t)((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u;

	for (i >>= 46;; i++) {
		struct slot *slot = &slots[i % SLOTS];

		if (!slot->block || slot->block == block)
			return slot;
		if (add && !slot->site)
			return slot;
	}
}

static void *add(void *block, void *site)
{
	struct slot *slot;

	if (!block || !fail.armed || fail.outside > 0)
		return block;
	while (atomic_flag_test_and_set(&lock))
		;
	slot = slot_of(block, true);
	if (!slot->block && ++used > SLOTS / 2)
		abort();
	*slot = (struct slot){block, site};
	atomic_flag_clear(&lock);
	return block;
}

static void forget(const void *block)
{
	if (!block)
		return;
	while (atomic_flag_test_and_set(&lock))
		;
	slot_of(block, false)->site = NULL;
	atomic_flag_clear(&lock);
}

void memory_mark(void)
{
	memset(slots, 0, sizeof(slots));
	used = 0;
}

size_t memory_leaked(char *where, size_t room)
{
	size_t count = 0, i;

	*where = '\0';
	for (i = 0; i < SLOTS; i++)
		if (slots[i].site && count++ == 0)
			fail_where(where, room, slots[i].site);
	return count;
}

/* --- our own code */

#define SITE __builtin_return_address(0)

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_reallocarray(void *old, size_t count, size_t n);
void __wrap_free(void *block);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);

void *__wrap_malloc(size_t n)
{
	return FAILS(FAIL_MEMORY) ? NULL : add(__real_malloc(n), SITE);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return FAILS(FAIL_MEMORY) ? NULL : add(__real_calloc(count, n), SITE);
}

void *__wrap_realloc(void *old, size_t n)
{
	void *block;

	if (FAILS(FAIL_MEMORY))
		return NULL;
	forget(old);
	block = __real_realloc(old, n);
	return add(block, SITE);
}

void *__wrap_reallocarray(void *old, size_t count, size_t n)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, n, &bytes) || FAILS(FAIL_MEMORY))
		return NULL;
	forget(old);
	return add(__real_realloc(old, bytes), SITE);
}

void __wrap_free(void *block)
{
	forget(block);
	__real_free(block);
}

char *__wrap_strndup(const char *text, size_t max)
{
	size_t n = strnlen(text, max);
	char *copy =
		FAILS(FAIL_MEMORY) ? NULL : add(__real_malloc(n + 1), SITE);

	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *__wrap_strdup(const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = FAILS(FAIL_MEMORY) ? NULL : add(__real_malloc(n), SITE);

	return copy ? memcpy(copy, text, n) : NULL;
}

/* --- SQLite: its own allocator does the work */

static sqlite3_mem_methods next;

static void *sqlite_malloc(int n)
{
	return FAILS(FAIL_SQLITE_MEMORY) ? NULL : add(next.xMalloc(n), SITE);
}

static void *sqlite_realloc(void *old, int n)
{
	void *block;

	if (FAILS(FAIL_SQLITE_MEMORY))
		return NULL;
	block = next.xRealloc(old, n);
	if (block) { /* else the old one is still there */
		forget(old);
		add(block, SITE);
	}
	return block;
}

static void sqlite_free(void *block)
{
	forget(block);
	next.xFree(block);
}

/* --- cJSON */

static void *json_malloc(size_t n)
{
	return FAILS(FAIL_JSON_MEMORY) ? NULL : add(__real_malloc(n), SITE);
}

/* --- OpenSSL */

static void *crypto_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return FAILS(FAIL_CRYPTO_MEMORY) ? NULL : __real_malloc(n);
}

static void *crypto_realloc(void *old, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	if (n == 0) { /* CRYPTO_realloc frees then */
		__real_free(old);
		return NULL;
	}
	return FAILS(FAIL_CRYPTO_MEMORY) ? NULL : __real_realloc(old, n);
}

static void crypto_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	__real_free(block);
}

void memory_begin(void)
{
	cJSON_Hooks hooks = {json_malloc, __wrap_free};
	sqlite3_mem_methods mine;

	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc,
				     crypto_free) != 1 ||
	    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &next) != SQLITE_OK) {
		fprintf(stderr, "torture: a library has begun already\n");
		exit(2);
	}
	mine = next;
	mine.xMalloc = sqlite_malloc;
	mine.xRealloc = sqlite_realloc;
	mine.xFree = sqlite_free;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) != SQLITE_OK)
		exit(2);
	cJSON_InitHooks(&hooks);
}
