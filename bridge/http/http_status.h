/*
 * bridge/http/http_status.h - /v1/status: the state of the bridge in one
 * small object.
 */
#ifndef BRIDGE_HTTP_HTTP_STATUS_H
#define BRIDGE_HTTP_HTTP_STATUS_H

#include "bridge/http/http_page.h"
#include "bridge/http/readiness.h"

/* {"version","at","started_at","instance"?,"role"?,"copy"?,"ready",
 *  "parts":[{"name","ready","why"?}],
 *  "requests":{"received":0,...},       every state; finished ones if kept
 *  "oldest_undecided":{...}?,           as in /v1/requests
 *  "store_bytes"}
 *
 * instance and role of a bridge that is one of several; copy, true, where the
 * requests are of its copy of the group's state.
 *
 * Loop thread, outside store transactions. It costs a few look-ups, however
 * much the store holds. */
struct http_page http_status(struct bridge *b, const struct readiness *r);

#endif
