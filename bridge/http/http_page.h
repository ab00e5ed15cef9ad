/*
 * bridge/http/http_page.h - the answer to a request while it is built, and the
 * simplest ones: an object, an error.
 */
#ifndef BRIDGE_HTTP_HTTP_PAGE_H
#define BRIDGE_HTTP_HTTP_PAGE_H

#include <cjson/cJSON.h>

#include "bridge/life/bridge.h"

/* An answer to send. */
struct http_page {
	unsigned status;
	const char *type; /* a literal */
	char *text;	  /* whoever sends it frees it; NULL: no memory */
	bool again;	  /* worth asking again in a second */
	bool later;	  /* none: the client waits for its turn */
	bool closes;	  /* the last one of its connection */
	/* Content-Security-Policy; outlives the page. NULL: load nothing. */
	const char *policy;
};

/* Takes ownership of object, which may be NULL: no memory. */
struct http_page http_json_page(unsigned status, cJSON *object);
/* {"error":message} */
struct http_page http_error_page(unsigned status, const char *message);
/* Answers 503: too much is asked for. */
struct http_page http_busy_page(void);
/* Answers 503 and logs the error. */
struct http_page http_store_page(struct bridge *b,
				 const struct ztp_error *error);

/* Can rows be looked for? Not in a copy that is read in bulk,
 * and not while a disk that takes nothing has closed it. */
bool http_page_listed(const struct bridge *b);
/* Answers 503: they cannot. */
struct http_page http_unread_page(void);
/* Of a bridge that is not active: "copy": true. False: no memory. */
bool http_add_copy(cJSON *object, const struct bridge *b);

/* Adds a time as RFC 3339; 0 is left out. False: no memory. */
bool http_add_time(cJSON *object, const char *name, int64_t ms);

#endif
