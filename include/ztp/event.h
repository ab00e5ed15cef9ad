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

/* Attributes of a CloudEvent: members of a structured one, and headers of a
 * binary one. */
#define ZTP_CE_SPECVERSION  "specversion"
#define ZTP_CE_VERSION	    "1.0"
#define ZTP_CE_ID	    "id"
#define ZTP_CE_SOURCE	    "source"
#define ZTP_CE_TYPE	    "type"
#define ZTP_CE_SUBJECT	    "subject"
#define ZTP_CE_TIME	    "time"
#define ZTP_CE_CONTENT_TYPE "datacontenttype"
#define ZTP_CE_DATA	    "data"
#define ZTP_CE_DATA_BASE64  "data_base64"

#define ZTP_CE_HEADER(attribute) "ce_" attribute
#define ZTP_CE_NAME(what)	 "io.ztp.provisioning." what ".v1" /* a type */

/* Other headers. */
#define ZTP_HEADER_CONTENT_TYPE "content-type"
#define ZTP_HEADER_TRACEPARENT	"traceparent"

#define ZTP_MEDIA_JSON	"application/json"
#define ZTP_MEDIA_EVENT "application/cloudevents+json"
#define ZTP_MEDIA_TEXT	"text/plain"
#define ZTP_MEDIA_BYTES "application/octet-stream"

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

/* As Kafka Connect has them. */
#define ZTP_DEAD_HEADER(name) "__connect.errors." name

/* Text of the numbers lives in scratch (holds 64). Headers: the six
 * __connect.errors.* ones. Returns the count, at most 6. */
size_t ztp_dead_headers(struct ztp_header *headers, char scratch[64],
			const struct ztp_dead *dead);

#endif
