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

enum { READINESS_PARTS_MAX = 4 };

struct bridge;

struct readiness {
	struct readiness_part {
		const char *name; /* "mqtt", "kafka", "store", "gate" */
		bool ok;
		char why[96]; /* one line of text; "" when ok */
	} parts[READINESS_PARTS_MAX];
	size_t count; /* "gate" only if there is one */
};

/* Fills all of r. Loop thread; never blocks. */
void bridge_readiness(const struct bridge *b, struct readiness *r);

#endif
