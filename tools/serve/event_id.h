/* tools/serve/event_id.h - the id of an event, in a decision's CloudEvent. */
#ifndef ZTP_SERVE_EVENT_ID_H
#define ZTP_SERVE_EVENT_ID_H

#include "tools/serve/table.h"
#include "ztp/codec.h"
#include "ztp/event.h"
#include "ztp/topics.h"

#define EVENT_ID_LEN 33
#define EVENT_SOURCE ZTP_APPROVER "/serve"

/* From the client's key, so that each instance makes the same one. */
void event_id_of_key(char out[EVENT_ID_LEN], const char *path,
		     struct ztp_str idempotency_key);
void event_id_new(char out[EVENT_ID_LEN]);
void event_key(struct key *key, const char *id);
/* The event's id, of a record's headers. False: it is none of ours. */
bool event_read(struct key *event, const struct ztp_header *headers,
		size_t count);

#endif
