/*
 * tools/serve/decided.h - the latest decisions, as they stand in Kafka: by their
 * CloudEvent's id, which of them was the first with that id; by their position,
 * what became of it. What an Idempotency-Key was first answered is found here,
 * whichever instance asks, and after a restart. Bounded: the oldest are
 * forgotten. One thread.
 */
#ifndef ZTP_SERVE_DECIDED_H
#define ZTP_SERVE_DECIDED_H

#include "tools/serve/table.h"
#include "ztp/codec.h"
#include "ztp/pending.h"

#define DECIDED_MAX 100000

struct decided {
	struct decided *newer;
	struct key position, event;
	bool has_event; /* its record has been read, and has our id */
	uint8_t digest[ZTP_SHA256_LEN];
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	char *result; /* owned; the record; NULL: none yet */
	int code;     /* of that, as an HTTP status */
};

struct decided_list {
	struct table by_position, by_event;
	struct decided *oldest, *newest;
	size_t count;
};

void position_key(struct key *key, const char *topic, int32_t partition,
		  int64_t offset);

/* The decision at that position, made if it is not there. NULL: no memory. */
struct decided *decided_at(struct decided_list *list,
			   const struct key *position);
/* Notes the id of a decision's event; the first one with an id keeps it. False:
 * no memory. */
bool decided_name(struct decided_list *list, struct decided *decided,
		  const struct key *event);
/* Notes its result. False: no memory. */
bool decided_answer(struct decided *decided, const char *result, size_t len,
		    int code);
/* The first one with that event. NULL: none. */
struct decided *decided_find(const struct decided_list *list,
			     const struct key *event);
void decided_clear(struct decided_list *list);

#endif
