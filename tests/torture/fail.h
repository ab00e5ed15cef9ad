/*
 * tests/torture/fail.h - makes the n-th call of a kind fail, and perhaps some
 * after it.
 *
 * A campaign runs one short life again and again: first with nothing failing,
 * which counts the calls of each kind, then once for each of them. The linker
 * puts our functions before those that fail (scripts/torture.mk). They count
 * only while `armed`, and never what the test itself does.
 */
#ifndef TESTS_TORTURE_FAIL_H
#define TESTS_TORTURE_FAIL_H

#include <stdbool.h>
#include <stddef.h>

enum fail_kind {
	FAIL_NOTHING,
	FAIL_MEMORY,	    /* malloc and the like, in our own code */
	FAIL_SQLITE_MEMORY, /* ... in SQLite */
	FAIL_CRYPTO_MEMORY, /* ... in OpenSSL */
	FAIL_JSON_MEMORY,   /* ... in cJSON */
	FAIL_READ,	    /* of a file */
	FAIL_WRITE,	    /* ... truncating and reserving included */
	FAIL_SYNC,	    /* fsync, fdatasync */
	FAIL_FILE,	    /* open, unlink, stat and other calls by name */
	FAIL_SYSTEM,	    /* other system calls */
	FAIL_LOG,	    /* a write to stderr */
	FAIL_SEND,	    /* to the broker or to Kafka, or to connect */
	FAIL_RECEIVE,	    /* from the broker or from Kafka */
	FAIL_KINDS
};

extern struct fail {
	/* Calls first to first + count - 1 of this kind fail. */
	enum fail_kind kind;
	long first, count;
	/* The test's own code runs if outside is not 0. */
	bool armed;
	int outside;
	long seen[FAIL_KINDS];
	long failed;
	void *site;  /* the first that failed was called from here */
	bool noting; /* the way to each call is noted (paths.h) */
} fail;

/* Counts a call, made from `site`. True: it is to fail. */
bool fails(enum fail_kind kind, void *site);
#define FAILS(kind) fails(kind, __builtin_return_address(0))

const char *fail_name(enum fail_kind kind);
enum fail_kind fail_kind(const char *name); /* FAIL_NOTHING: none has it */

/* Writes where an address is, as "function file:line". */
void fail_where(char *to, size_t room, void *site);

#endif
