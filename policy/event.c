#include "ztp/event.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TRACE_ID  3  /* after "00-" */
#define PARENT_ID 36 /* after 32 digits and '-' */

struct ztp_str ztp_header_get(const struct ztp_header *headers, size_t count,
			      const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(headers[i].name, name))
			return headers[i].value;
	return (struct ztp_str){NULL, 0};
}

size_t ztp_event_headers(struct ztp_header *headers,
			 const struct ztp_event *event)
{
	size_t n = 0;

	headers[n++] = (struct ztp_header){"ce_specversion", ztp_str_of("1.0")};
	headers[n++] = (struct ztp_header){"ce_id", ztp_str_of(event->id)};
	headers[n++] =
		(struct ztp_header){"ce_source", ztp_str_of(event->source)};
	headers[n++] = (struct ztp_header){"ce_type", ztp_str_of(event->type)};
	headers[n++] =
		(struct ztp_header){"ce_subject", ztp_str_of(event->subject)};
	headers[n++] = (struct ztp_header){"ce_time", ztp_str_of(event->time)};
	headers[n++] = (struct ztp_header){ZTP_HEADER_CONTENT_TYPE,
					   ztp_str_of(ZTP_MEDIA_JSON)};
	if (event->traceparent)
		headers[n++] = (struct ztp_header){
			"traceparent", ztp_str_of(event->traceparent)};
	return n;
}

static bool all_zero(const char *p, size_t n)
{
	while (n > 0 && *p == '0') {
		p++;
		n--;
	}
	return n == 0;
}

bool ztp_traceparent_valid(const char *value, size_t len)
{
	const char *id, *parent;

	if (len != ZTP_TRACEPARENT_LEN - 1 || memcmp(value, "00-", 3) != 0)
		return false;
	id = value + TRACE_ID;
	parent = value + PARENT_ID;
	return ztp_hex_lower(id, 32) && !all_zero(id, 32) && id[32] == '-' &&
	       ztp_hex_lower(parent, 16) && !all_zero(parent, 16) &&
	       parent[16] == '-' && ztp_hex_lower(parent + 17, 2);
}

void ztp_traceparent_make(char out[ZTP_TRACEPARENT_LEN],
			  const uint8_t random[24])
{
	memcpy(out, "00-", 3);
	ztp_hex_encode(out + TRACE_ID, random, 16);
	out[PARENT_ID - 1] = '-';
	ztp_hex_encode(out + PARENT_ID, random + 16, 8);
	memcpy(out + PARENT_ID + 16, "-01", 4);
	/* All zeros is invalid, and could happen once in 2^64 times. */
	if (all_zero(out + TRACE_ID, 32))
		out[TRACE_ID] = '1';
	if (all_zero(out + PARENT_ID, 16))
		out[PARENT_ID] = '1';
}

size_t ztp_dead_headers(struct ztp_header *headers, char scratch[64],
			const struct ztp_dead *dead)
{
	char *partition = scratch, *offset = scratch + 32;
	size_t n = 0;

	scratch[0] = scratch[32] = '\0';
	if (dead->partition >= 0)
		(void)snprintf(partition, 32, "%d", dead->partition);
	if (dead->offset >= 0)
		(void)snprintf(offset, 32, "%lld", (long long)dead->offset);
	headers[n++] = (struct ztp_header){"__connect.errors.topic",
					   ztp_str_of(dead->topic)};
	headers[n++] = (struct ztp_header){"__connect.errors.partition",
					   ztp_str_of(partition)};
	headers[n++] = (struct ztp_header){"__connect.errors.offset",
					   ztp_str_of(offset)};
	headers[n++] = (struct ztp_header){"__connect.errors.stage",
					   ztp_str_of(dead->stage)};
	headers[n++] =
		(struct ztp_header){"__connect.errors.exception.class.name",
				    ztp_str_of(ztp_err_name(dead->why.code))};
	headers[n++] = (struct ztp_header){"__connect.errors.exception.message",
					   ztp_str_of(dead->why.message)};
	return n;
}
