/*
 * ztp/event.h - a record's CloudEvents 1.0 attributes in Kafka's binary mode
 * (ce_* headers), trace context (W3C), and the headers of dead letters.
 */
#ifndef ZTP_EVENT_H
#define ZTP_EVENT_H

#include "ztp/codec.h"
#include "ztp/error.h"

#define ZTP_TRACEPARENT_LEN 56 /* with the final NUL */
#define ZTP_HEADERS_MAX	    32

/* Kafka headers: names and values are views. */
struct ztp_header {
	const char *name;
	struct ztp_str value;
};

/* The value of a header by name, or {NULL, 0}. Names compare exactly. */
struct ztp_str ztp_header_get(const struct ztp_header *headers, size_t count,
			      const char *name);

struct ztp_event {
	const char *id, *source, *type, *subject, *time;
	const char *traceparent; /* NULL: left out */
};

/* ce_specversion ce_id ce_source ce_type ce_subject ce_time content-type
 * [traceparent] as views into event; headers holds at least 8. Returns the
 * count. */
size_t ztp_event_headers(struct ztp_header *headers,
			 const struct ztp_event *event);

/* W3C trace context: version 00, ids not all zero. */
bool ztp_traceparent_valid(const char *text, size_t len);
/* A new one from 24 random bytes, flags 01 (sampled). */
void ztp_traceparent_make(char out[ZTP_TRACEPARENT_LEN],
			  const uint8_t random[24]);

/* Dead letters: where a record came from and why it is here. offset < 0
 * and partition < 0 are written as empty values. */
struct ztp_dead {
	const char *topic;
	int partition;
	int64_t offset;
	const char *stage; /* "pending", "decision", ... */
	struct ztp_error why;
};

#define ZTP_DEAD_VALUE_MAX (512 * 1024)

/* Text of the numbers lives in scratch (holds 64). Headers: the six
 * __connect.errors.* ones. Returns the count, at most 6. */
size_t ztp_dead_headers(struct ztp_header *headers, char scratch[64],
			const struct ztp_dead *dead);

#endif
