/*
 * gate/recent.h - remembers what happened lately, by id, in a table of fixed
 * size. When a set of the table is full, the oldest entry is forgotten. Broker
 * thread only.
 */
#ifndef ZTP_GATE_RECENT_H
#define ZTP_GATE_RECENT_H

#include <stdbool.h>

#include "ztp/codec.h"

#define ZTP_RECENT_MAX 4096 /* entries */

struct ztp_recent;

/* An entry is forgotten after keep_ms. NULL: no memory. */
struct ztp_recent *ztp_recent_new(int64_t keep_ms);
void ztp_recent_free(struct ztp_recent *recent);

/* id is a SHA-256. now_ms: CLOCK_BOOTTIME. */
void ztp_recent_note(struct ztp_recent *recent,
		     const uint8_t id[ZTP_SHA256_LEN], int64_t now_ms);
bool ztp_recent_has(const struct ztp_recent *recent,
		    const uint8_t id[ZTP_SHA256_LEN], int64_t now_ms);

#endif
