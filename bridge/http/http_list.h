/*
 * bridge/http/http_list.h - /v1/requests: the requests in the store, page by
 * page. Read-only; loop thread, outside store transactions.
 */
#ifndef BRIDGE_HTTP_HTTP_LIST_H
#define BRIDGE_HTTP_HTTP_LIST_H

#include "bridge/http/http_page.h"

struct MHD_Connection;

/* GET /v1/requests?state=&registry=s/r&device=PATH&find=&order=&after=&limit=
 *
 *   {"requests":[{...}],"next":"..."}
 *
 * order is oldest (by arrival; the default), newest, or finished: requests
 * that have ended, the last ended first, without onboarded ones that are kept
 * beyond their retention. find is what people look for (http_find.h). An empty parameter counts as absent. next is present
 * if there may be more, and is the next call's `after` (which may also be a
 * request id). limit is 1-1000, by default 100. A page holds at most 200, and
 * the time of one call is bounded: where a filter skips very many requests, a
 * page may hold fewer than limit, or none, and still have a next. A parameter
 * that is unknown, invalid or given more than once gets 400 {"error":...}. */
struct http_page http_requests_list(struct bridge *b,
				    struct MHD_Connection *client);

#endif
