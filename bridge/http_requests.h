/*
 * bridge/http_requests.h - /v1/requests: what the bridge holds, as JSON, for
 * operators and their scripts. Read-only; loop thread, outside of store
 * transactions. Never a payload or a certificate.
 */
#ifndef BRIDGE_HTTP_REQUESTS_H
#define BRIDGE_HTTP_REQUESTS_H

#include "bridge/bridge.h"

struct MHD_Connection;

/* What is to be answered; text is the taker's to free, NULL: no memory. */
struct http_page {
	unsigned status;
	const char *type; /* literal */
	char *text;
};

/* GET /v1/requests?state=&registry=s/r&after=&limit=
 *
 *   {"requests":[{...}],"next":"..."}
 *
 * in order of arrival; an empty parameter is one that is not there. next is
 * there when there may be more, and is then the next call's `after` (which
 * may also be a request's id). limit is 1-1000, 100 if not given. The time
 * that one call may take is bounded: where a filter passes over very many
 * requests a page may hold fewer than limit, even none, and still a next.
 * 400 {"error":...} for a parameter that is unknown, bad or there twice. */
struct http_page http_requests_list(struct bridge *b,
				    struct MHD_Connection *client);

/* GET /v1/requests/{id}: the same object, with its decision if there is one.
 * 404 {"error":...} when it is not known. */
struct http_page http_requests_one(struct bridge *b, const char *id);

#endif
