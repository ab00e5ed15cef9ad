/*
 * bridge/http/readiness.h - which of the parts that the bridge depends on are
 * usable now.
 *
 * /readyz answers this. An unusable part stops no other: the bridge waits for
 * it, and everything that does not need it continues.
 */
#ifndef BRIDGE_HTTP_READINESS_H
#define BRIDGE_HTTP_READINESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All topics by their names, and what is the matter with them. */
enum { READINESS_PARTS_MAX = 5, READINESS_WHY_MAX = 5 * 251 + 64 };

struct bridge;

struct readiness {
	struct readiness_part {
		const char
			*name; /* "mqtt", "kafka", "store", "gate", "group" */
		bool ok;
		char why[READINESS_WHY_MAX]; /* one line; "" when ok */
		int64_t since;		     /* steady ms; 0 when ok */
	} parts[READINESS_PARTS_MAX];
	size_t count; /* "gate" and "group" only if there is one */
};

/* Fills all of r, and notes in b->outages what it finds. Loop thread; never
 * blocks. */
void bridge_readiness(struct bridge *b, struct readiness *r);

#endif
