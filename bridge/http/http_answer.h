/*
 * bridge/http/http_answer.h - a page as libmicrohttpd's answer, with its headers.
 */
#ifndef BRIDGE_HTTP_HTTP_ANSWER_H
#define BRIDGE_HTTP_HTTP_ANSWER_H

#include "bridge/http/http_page.h"

struct MHD_Connection;

/* Takes the page's text; *n is its length. False: no memory. */
bool http_answer(struct MHD_Connection *connection, struct http_page *page,
		 size_t *n);

#endif
