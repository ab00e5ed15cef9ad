/*
 * bridge/core/outages.h - since when parts that the bridge depends on are not
 * usable. Loop thread only.
 */
#ifndef BRIDGE_CORE_OUTAGES_H
#define BRIDGE_CORE_OUTAGES_H

#include <stdbool.h>
#include <stdint.h>

#define OUTAGES_MAX 8

/* Zeros to begin with. */
struct outages {
	struct outage {
		const char *part; /* a literal; NULL: free */
		int64_t since;	  /* steady ms; 0: it is usable */
	} list[OUTAGES_MAX];
};

/* The part is usable or not, now. Returns since when it is not, or 0. */
int64_t outages_note(struct outages *outages, const char *part, bool usable,
		     int64_t now);

#endif
