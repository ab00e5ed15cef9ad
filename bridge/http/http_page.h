/*
 * bridge/http/http_page.h - what an admin page is while it is made, and the plainest
 * of them: an object, an error.
 */
#ifndef BRIDGE_HTTP_HTTP_PAGE_H
#define BRIDGE_HTTP_HTTP_PAGE_H

#include <cjson/cJSON.h>

#include "bridge/life/bridge.h"

/* What is to be answered. */
struct http_page {
	unsigned status;
	const char *type;   /* literal */
	char *text;	    /* the taker's to free; NULL: no memory */
	const char *policy; /* Content-Security-Policy, outlives the page; NULL:
	                       it may load nothing */
};

/* Takes object, which may be NULL: no memory. */
struct http_page http_json_page(unsigned status, cJSON *object);
/* {"error":message} */
struct http_page http_error_page(unsigned status, const char *message);
/* 503, and a line in the log. */
struct http_page http_store_page(struct bridge *b,
				 const struct ztp_error *error);

/* A time as RFC 3339; 0 is not there. False: no memory. */
bool http_add_time(cJSON *object, const char *name, int64_t ms);

#endif
