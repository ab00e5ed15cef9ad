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

static void put(struct ztp_header *header, const char *name, const char *value)
{
	*header = (struct ztp_header){name, ztp_str_of(value)};
}

size_t ztp_event_headers(struct ztp_header *headers,
			 const struct ztp_event *event)
{
	size_t n = 0;

	put(&headers[n++], ZTP_CE_HEADER(ZTP_CE_SPECVERSION), ZTP_CE_VERSION);
	put(&headers[n++], ZTP_CE_HEADER(ZTP_CE_ID), event->id);
	put(&headers[n++], ZTP_CE_HEADER(ZTP_CE_SOURCE), event->source);
	put(&headers[n++], ZTP_CE_HEADER(ZTP_CE_TYPE), event->type);
	put(&headers[n++], ZTP_CE_HEADER(ZTP_CE_SUBJECT), event->subject);
	put(&headers[n++], ZTP_CE_HEADER(ZTP_CE_TIME), event->time);
	put(&headers[n++], ZTP_HEADER_CONTENT_TYPE, ZTP_MEDIA_JSON);
	if (event->traceparent)
		put(&headers[n++], ZTP_HEADER_TRACEPARENT, event->traceparent);
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
	put(&headers[n++], ZTP_DEAD_HEADER("topic"), dead->topic);
	put(&headers[n++], ZTP_DEAD_HEADER("partition"), partition);
	put(&headers[n++], ZTP_DEAD_HEADER("offset"), offset);
	put(&headers[n++], ZTP_DEAD_HEADER("stage"), dead->stage);
	put(&headers[n++], ZTP_DEAD_HEADER("exception.class.name"),
	    ztp_err_name(dead->why.code));
	put(&headers[n++], ZTP_DEAD_HEADER("exception.message"),
	    dead->why.message);
	return n;
}
