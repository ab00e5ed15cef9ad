/*
 * bridge/http/http_still.h - pages as they were before the loop thread went to
 * something that may take long, for whoever answers meanwhile and may look at
 * nothing that the loop changes.
 */
#ifndef BRIDGE_HTTP_HTTP_STILL_H
#define BRIDGE_HTTP_HTTP_STILL_H

#include "bridge/http/http_page.h"

#define HTTP_STILL_COUNT 3

/* Zeros to begin with. Embedded by its owner. */
struct http_still {
	struct http_page pages[HTTP_STILL_COUNT];
	int64_t taken_at; /* CLOCK_BOOTTIME; 0: not at all */
};

/* Makes the pages anew, unless they were made within this second. */
void http_still_take(struct http_still *still, struct bridge *b, int64_t now);
void http_still_drop(struct http_still *still);
/* A copy of the page at this path. False: it is none of them. */
bool http_still_page(const struct http_still *still, const char *path,
		     struct http_page *page);

#endif
