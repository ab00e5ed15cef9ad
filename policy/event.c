#include "ztp/event.h"

#include <stdio.h>
#include <string.h>

#define TRACE_ID  3  /* "00-" before it */
#define PARENT_ID 36 /* 32 digits and '-' later */

static struct ztp_str text(const char *string)
{
	return (struct ztp_str){string ? string : "",
				string ? strlen(string) : 0};
}

struct ztp_str ztp_header_get(const struct ztp_header *headers, size_t count,
			      const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(headers[i].name, name))
			return headers[i].value;
	return (struct ztp_str){NULL, 0};
}

size_t ztp_event_headers(struct ztp_header *headers,
			 const struct ztp_event *event)
{
	size_t n = 0;

	headers[n++] = (struct ztp_header){ZTP_CE_HEADER(ZTP_CE_SPECVERSION),
					   text(ZTP_CE_VERSION)};
	headers[n++] =
		(struct ztp_header){ZTP_CE_HEADER(ZTP_CE_ID), text(event->id)};
	headers[n++] = (struct ztp_header){ZTP_CE_HEADER(ZTP_CE_SOURCE),
					   text(event->source)};
	headers[n++] = (struct ztp_header){ZTP_CE_HEADER(ZTP_CE_TYPE),
					   text(event->type)};
	headers[n++] = (struct ztp_header){ZTP_CE_HEADER(ZTP_CE_SUBJECT),
					   text(event->subject)};
	headers[n++] = (struct ztp_header){ZTP_CE_HEADER(ZTP_CE_TIME),
					   text(event->time)};
	headers[n++] = (struct ztp_header){ZTP_HEADER_CONTENT_TYPE,
					   text(ZTP_MEDIA_JSON)};
	if (event->traceparent)
		headers[n++] = (struct ztp_header){ZTP_HEADER_TRACEPARENT,
						   text(event->traceparent)};
	return n;
}

/* n lower-case hex digits; *zero says whether all are 0. */
static bool lower_hex(const char *p, size_t n, bool *zero)
{
	*zero = true;
	for (size_t i = 0; i < n; i++) {
		if (!((p[i] >= '0' && p[i] <= '9') ||
		      (p[i] >= 'a' && p[i] <= 'f')))
			return false;
		if (p[i] != '0')
			*zero = false;
	}
	return true;
}

bool ztp_traceparent_valid(const char *value, size_t len)
{
	bool zero;

	if (len != ZTP_TRACEPARENT_LEN - 1 || memcmp(value, "00-", 3) != 0 ||
	    value[PARENT_ID - 1] != '-' || value[PARENT_ID + 16] != '-')
		return false;
	if (!lower_hex(value + TRACE_ID, 32, &zero) || zero)
		return false;
	if (!lower_hex(value + PARENT_ID, 16, &zero) || zero)
		return false;
	return lower_hex(value + PARENT_ID + 17, 2, &zero);
}

void ztp_traceparent_make(char out[ZTP_TRACEPARENT_LEN],
			  const uint8_t random[24])
{
	bool zero;

	memcpy(out, "00-", 3);
	ztp_hex_encode(out + TRACE_ID, random, 16);
	out[PARENT_ID - 1] = '-';
	ztp_hex_encode(out + PARENT_ID, random + 16, 8);
	memcpy(out + PARENT_ID + 16, "-01", 4);
	/* All zero means "none" there; one chance in 2^64 is still one. */
	if (lower_hex(out + TRACE_ID, 32, &zero) && zero)
		out[TRACE_ID] = '1';
	if (lower_hex(out + PARENT_ID, 16, &zero) && zero)
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
	headers[n++] = (struct ztp_header){ZTP_DEAD_HEADER("topic"),
					   text(dead->topic)};
	headers[n++] = (struct ztp_header){ZTP_DEAD_HEADER("partition"),
					   text(partition)};
	headers[n++] =
		(struct ztp_header){ZTP_DEAD_HEADER("offset"), text(offset)};
	headers[n++] = (struct ztp_header){ZTP_DEAD_HEADER("stage"),
					   text(dead->stage)};
	headers[n++] =
		(struct ztp_header){ZTP_DEAD_HEADER("exception.class.name"),
				    text(ztp_err_name(dead->why.code))};
	headers[n++] = (struct ztp_header){ZTP_DEAD_HEADER("exception.message"),
					   text(dead->why.message)};
	return n;
}
