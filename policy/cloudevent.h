/*
 * policy/cloudevent.h - takes a record's data out of its CloudEvents 1.0
 * wrapping, if it has one. Private to policy/.
 */
#ifndef ZTP_POLICY_CLOUDEVENT_H
#define ZTP_POLICY_CLOUDEVENT_H

#include "ztp/event.h"
#include "ztp/json.h"

/* A checked JSON object. */
struct ztp_body {
	struct ztp_object object;
	char *decoded; /* owned; its text where data_base64 was used */
};

/* The record's value itself (plain, or with the headers of binary mode), or
 * the data of the structured event in it; fields as for ztp_object_read. On
 * failure *body needs nothing. */
int ztp_body_open(struct ztp_body *body, struct ztp_field *fields, size_t count,
		  struct ztp_str value, size_t max,
		  const struct ztp_header *headers, size_t header_count,
		  struct ztp_error *error);
void ztp_body_close(struct ztp_body *body);

#endif
