/*
 * bridge/http/http.h - the admin server: / for people, /metrics, /healthz,
 * /readyz, /v1/status and /v1/requests for machines.
 *
 * It is read-only, for the operator and for monitoring. No page contains a
 * payload, a certificate or a secret. The list of requests does contain device
 * paths, so http.listen is on loopback unless configured otherwise.
 *
 * libmicrohttpd runs without a thread of its own. Everything happens inside
 * http_run, in the loop thread, between two turns. The pages therefore read
 * the store and the bridge without a lock, and an answer from /healthz proves
 * that the loop is running.
 */
#ifndef BRIDGE_HTTP_HTTP_H
#define BRIDGE_HTTP_HTTP_H

#include "bridge/life/bridge.h"

/* Binds config->http and listens there; not to be called when it is off (host
 * ""). b must outlive *http. Logs http_listening with the actual port. A host
 * name is resolved here, which may block. On failure *http is NULL, and
 * ZTP_ERR_IO says what could not be bound. */
int http_new(struct http **http, struct bridge *b, struct ztp_error *error);
/* Closes every connection. Accepts NULL. */
void http_free(struct http *http);

/* From now on the pages are of this bridge. */
void http_serve(struct http *http, struct bridge *b);
/* The loop thread is going to be busy: http_run may be called by another thread
 * until http_return, and makes no page from the bridge. /healthz goes on, and
 * /readyz, /metrics and /v1/group as they are now; the others wait. */
void http_leave(struct http *http);
void http_return(struct http *http);
/* What is shown meanwhile may be a second old. It is not now: the bridge's role, or
 * whether it is ready, is another one. Before http_leave. */
void http_changed(struct http *http);

/* Readable when http_run has something to do. Never changes. */
int http_fd(const struct http *http);
/* http_run must also be called after this many ms; -1: only when readable. */
int64_t http_timeout_ms(const struct http *http);
/* Answers what can be answered now. Call it outside store transactions. */
void http_run(struct http *http);

#endif
