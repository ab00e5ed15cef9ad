/*
 * base/page_headers.h - the headers that every answer of an HTTP server of ours
 * has, so that a browser keeps it to itself. Any thread.
 */
#ifndef ZTP_BASE_PAGE_HEADERS_H
#define ZTP_BASE_PAGE_HEADERS_H

#include <stddef.h>

struct ztp_page_header {
	const char *name, *value;
};

/* NULL: there is no header with that number. */
const struct ztp_page_header *ztp_page_header(size_t number);

#endif
