/*
 * bridge/http/http_list.h - /v1/requests: what the bridge holds, page by page.
 * Read-only; loop thread, outside of store transactions.
 */
#ifndef BRIDGE_HTTP_HTTP_LIST_H
#define BRIDGE_HTTP_HTTP_LIST_H

#include "bridge/http/http_page.h"

struct MHD_Connection;

/* GET /v1/requests?state=&registry=s/r&device=PATH&order=&after=&limit=
 *
 *   {"requests":[{...}],"next":"..."}
 *
 * order is oldest (of arrival; the default), newest, or finished: those that
 * have ended, last ended first, without the onboarded that are kept beyond
 * their retention. An empty parameter is one that is not there. next is there
 * when there may be more, and is then the next call's `after` (which may also
 * be a request's id). limit is 1-1000, 100 if not given. The time that one
 * call may take is bounded: where a filter passes over very many requests a
 * page may hold fewer than limit, even none, and still a next. 400
 * {"error":...} for a parameter that is unknown, bad or there twice. */
struct http_page http_requests_list(struct bridge *b,
				    struct MHD_Connection *client);

#endif
