/*
 * ztp/event.h - Kafka headers: the CloudEvents 1.0 attributes of a record in
 * binary mode (ce_*: Kafka Protocol Binding, section 3.2), the W3C trace context,
 * and those of dead letters. Pure; no allocation; any thread.
 */
#ifndef ZTP_EVENT_H
#define ZTP_EVENT_H

#include "ztp/codec.h"
#include "ztp/error.h"

#define ZTP_TRACEPARENT_LEN 56 /* including the NUL */
#define ZTP_HEADERS_MAX	    32

/* The attributes of a CloudEvent: members in structured mode, headers in binary
 * mode. */
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

/* Name and value are views. */
struct ztp_header {
	const char *name;
	struct ztp_str value;
};

/* The value of the first header with this name, or {NULL, 0}. Case does not
 * count: customers' libraries write Content-Type, too. */
struct ztp_str ztp_header_get(const struct ztp_header *headers, size_t count,
			      const char *name);

struct ztp_event {
	const char *id, *source, *type, *subject, *time;
	const char *traceparent; /* NULL: left out */
};

/* Fills headers, which has room for 8: ce_specversion, ce_id, ce_source,
 * ce_type, ce_subject, ce_time, content-type and, if given, traceparent. They
 * are views into event. Returns how many there are. */
size_t ztp_event_headers(struct ztp_header *headers,
			 const struct ztp_event *event);

/* True for a traceparent of version 00 (W3C Trace Context, section 3.2) whose ids
 * are not all zero. */
bool ztp_traceparent_valid(const char *text, size_t len);
/* Makes one from 24 random bytes, with flags 01 (sampled). */
void ztp_traceparent_make(char out[ZTP_TRACEPARENT_LEN],
			  const uint8_t random[24]);

/* A dead letter: where the record came from and what was wrong with it. A
 * negative partition or offset is written as an empty value. */
struct ztp_dead {
	const char *topic;
	int partition;
	int64_t offset;
	const char *stage; /* "pending", "decision", ... */
	struct ztp_error why;
};

#define ZTP_DEAD_VALUE_MAX (512 * 1024)

/* The names of a dead letter's headers, as in Kafka Connect. */
#define ZTP_DEAD_HEADER(name) "__connect.errors." name

/* Fills headers with the six __connect.errors.* ones and returns 6. scratch
 * holds the text of the numbers and must live as long as headers. */
size_t ztp_dead_headers(struct ztp_header *headers, char scratch[64],
			const struct ztp_dead *dead);

#endif
