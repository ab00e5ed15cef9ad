/*
 * bridge/http/readiness.h - which of the parts the bridge leans on can be used now.
 *
 * What /readyz answers. A part that is not usable stops no other: the bridge
 * waits for it, and everything that does not need it goes on.
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
		char why[96]; /* one line for people; "" when ok */
	} parts[READINESS_PARTS_MAX];
	size_t count; /* "gate" is there with mqtt.registrar: gate only */
};

/* Fills the whole of r. Loop thread; blocks on nothing. */
void bridge_readiness(const struct bridge *b, struct readiness *r);

#endif
