/*
 * tools/serve/decided.h - the latest decisions, as they stand in Kafka: by their
 * CloudEvent's id, which of them was the first with that id; by their position,
 * what became of it. What an Idempotency-Key was first answered is found here,
 * whichever instance asks, and after a restart. Bounded: the oldest are
 * forgotten, and at the start what is older than those is not noted. One thread.
 *
 * A topic that is made anew begins at the same positions again. So a result is
 * taken for a decision's only if it is about the same request, and was not
 * written long before the decision; and a record that differs from the one that
 * was read at its position takes its place.
 */
#ifndef ZTP_SERVE_DECIDED_H
#define ZTP_SERVE_DECIDED_H

#include "tools/serve/table.h"
#include "ztp/codec.h"
#include "ztp/pending.h"

#define DECIDED_MAX	  100000
#define DECIDED_BYTES_MAX (128 * 1024 * 1024) /* of their results */
/* By how much the clocks of who decides and of the bridge may differ. */
#define DECIDED_SKEW_MS (10 * 60 * 1000)

struct decided {
	struct decided *newer;
	struct key position, event;
	const char *topic; /* not owned; NULL until its record is read */
	bool read;	   /* its record has been */
	bool has_event;	   /* and has our id, as the first one */
	int64_t at; /* ms: when it was written, or else its result. 0: unknown */
	uint8_t digest[ZTP_SHA256_LEN];
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	char *result;	  /* owned; the record; NULL: none yet */
	int64_t answered; /* ms: when that was written. 0: unknown */
	int code;	  /* of that, as an HTTP status */
};

/* A decision's record. */
struct decided_record {
	const struct key *event; /* NULL: it has none of our ids */
	const uint8_t *digest;
	const char *request_id;
	const char *topic; /* stays as long as the list */
	bool stray; /* its request names another topic: it is noted, no more */
	int64_t at; /* ms: when it was written. 0: unknown */
};

/* Its result. */
struct decided_result {
	const char *request_id;
	const char *text;
	size_t len;
	int code;
	int64_t at; /* likewise */
};

struct decided_list {
	struct table by_position, by_event;
	struct table by_request; /* the last one read that may be followed */
	struct decided *oldest, *newest;
	size_t count, bytes;
	bool running; /* the topics have been read to their ends once */
};

void position_key(struct key *key, const char *topic, int32_t partition,
		  int64_t offset);

/* Notes the record at that position; the first one with an event keeps it.
 * False: no memory. *decided: NULL if it is too old to be noted. */
bool decided_read(struct decided **decided, struct decided_list *list,
		  const struct key *position,
		  const struct decided_record *record);
/* Notes the result of the decision at that position. False: no memory. *decided:
 * NULL if it is not this decision's, or that is too old to be noted. */
bool decided_answer(struct decided **decided, struct decided_list *list,
		    const struct key *position,
		    const struct decided_result *result);
/* The first one with that event. NULL: none. */
struct decided *decided_find(const struct decided_list *list,
			     const struct key *event);
/* May it be, or has it been, followed? One whose result says that it was not
 * leaves its request open. */
bool decided_stands(const struct decided *decided);
/* The last one about that request that stood when it was read. NULL: none. */
struct decided *decided_about(const struct decided_list *list, const char *id);
void decided_clear(struct decided_list *list);

#endif
