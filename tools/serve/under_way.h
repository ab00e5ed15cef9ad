/*
 * tools/serve/under_way.h - the decisions that are on their way: handed to
 * Kafka, and not read from there yet. So that a key which is sent again in
 * between is known, and is neither written twice nor taken for another
 * decision. Bounded. One thread.
 */
#ifndef ZTP_SERVE_UNDER_WAY_H
#define ZTP_SERVE_UNDER_WAY_H

#include "tools/serve/table.h"
#include "ztp/codec.h"
#include "ztp/pending.h"

#define UNDER_WAY_MAX 10000
#define UNDER_WAY_MS  120000 /* what was not read by then is not waited for */

struct under_way {
	struct under_way *older, *newer;
	struct key event;
	uint8_t digest[ZTP_SHA256_LEN];
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	bool stored, read;
	bool shared;   /* others were on their way to Kafka meanwhile */
	int64_t since; /* ms */
};

/* Embedded by its owner; starts as zeros. */
struct under_way_list {
	struct table by_event;
	struct under_way *oldest, *newest;
	size_t count;
	size_t unreported; /* Kafka has not said yet whether it has them */
	struct under_way *alone; /* unreported, and never beside another */
};

/* NULL: there are too many, or no memory. */
struct under_way *under_way_add(struct under_way_list *list,
				const struct key *event,
				const uint8_t digest[ZTP_SHA256_LEN],
				const char *request_id, int64_t now);
/* NULL: none. */
struct under_way *under_way_find(const struct under_way_list *list,
				 const struct key *event);
/* Kafka has it. It may be freed. */
void under_way_stored(struct under_way_list *list, struct under_way *one);
/* It has been read. */
void under_way_read(struct under_way_list *list, const struct key *event);
/* Kafka has not confirmed it; it is freed. */
void under_way_fail(struct under_way_list *list, struct under_way *one);
/* Nothing is waiting for a report of Kafka any more. */
void under_way_clear(struct under_way_list *list);

#endif
