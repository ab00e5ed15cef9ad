/*
 * policy/cloudevent.h - unwraps a record's data from a CloudEvent 1.0, if it is
 * in one. Private to policy/.
 */
#ifndef ZTP_POLICY_CLOUDEVENT_H
#define ZTP_POLICY_CLOUDEVENT_H

#include "ztp/event.h"
#include "ztp/json.h"

/* A checked JSON object. */
struct ztp_body {
	struct ztp_object object;
	char *decoded; /* owned; its text if it came as data_base64 */
};

/* Reads the record's value (plain, or with the headers of binary mode), or the
 * data of a structured event. A structured event is known by its content type,
 * or else by its members, since libraries send application/json or nothing: it
 * has specversion and data, and none of the first `marks` fields, which no
 * plain value lacks. fields is as for ztp_object_read. The caller frees *body
 * with ztp_body_close; after a failure there is nothing to free. */
int ztp_body_open(struct ztp_body *body, struct ztp_field *fields, size_t count,
		  size_t marks, struct ztp_str value, size_t max,
		  const struct ztp_header *headers, size_t header_count,
		  struct ztp_error *error);
void ztp_body_close(struct ztp_body *body);

#endif
