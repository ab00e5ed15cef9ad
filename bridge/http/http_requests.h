/*
 * bridge/http/http_requests.h - /v1/requests/{id}: what the store knows about
 * one request, as JSON, for operators and their scripts. Read-only; loop
 * thread, outside store transactions. Never a payload or a certificate.
 */
#ifndef BRIDGE_HTTP_HTTP_REQUESTS_H
#define BRIDGE_HTTP_HTTP_REQUESTS_H

#include "bridge/http/http_page.h"

/* A request, as in lists; NULL: no memory. announced_at is when the customer
 * was last asked, due_at until when an approved request waits for its device.
 * A time that is not set is left out. */
cJSON *http_request_object(const struct store_request *r);

/* GET /v1/requests/{id}: that object, with its decision if there is one. 404
 * {"error":...} if the id is unknown. */
struct http_page http_requests_one(struct bridge *b, const char *id);

#endif
