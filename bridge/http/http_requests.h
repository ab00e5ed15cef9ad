/*
 * bridge/http/http_requests.h - /v1/requests/{id}: what the bridge holds of one
 * request, as JSON, for operators and their scripts. Read-only; loop thread,
 * outside of store transactions. Never a payload or a certificate.
 */
#ifndef BRIDGE_HTTP_HTTP_REQUESTS_H
#define BRIDGE_HTTP_HTTP_REQUESTS_H

#include "bridge/http/http_page.h"

/* A request as it is in lists, too; NULL: no memory. announced_at is when the
 * customer was asked, last if more than once; due_at until when an approved one
 * waits for its device. A time that is none is not there. */
cJSON *http_request_object(const struct store_request *r);

/* GET /v1/requests/{id}: that object, with its decision if there is one.
 * 404 {"error":...} when it is not known. */
struct http_page http_requests_one(struct bridge *b, const char *id);

#endif
