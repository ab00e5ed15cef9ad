/*
 * bridge/http/http.h - the admin pages: / for people, /metrics, /healthz, /readyz,
 * /v1/status and /v1/requests for machines.
 *
 * Read-only, for the operator and his monitoring. No page holds a payload, a
 * certificate or a secret; the list of requests does hold device paths, so
 * http.listen is loopback unless somebody says otherwise.
 *
 * libmicrohttpd without a thread of its own: everything happens inside
 * http_run, in the loop thread, between two turns. So the pages read the store
 * and the bridge without a lock, and an answer from /healthz proves that the
 * loop goes round.
 */
#ifndef BRIDGE_HTTP_HTTP_H
#define BRIDGE_HTTP_HTTP_H

#include "bridge/life/bridge.h"

/* Binds and listens on config->http; the caller does not call with it off
 * (host ""). b outlives *http. Logs http_listening with the port that 0 became.
 * A name for a host is resolved here, which may block. On failure *http is
 * NULL: ZTP_ERR_IO says what could not be bound. */
int http_new(struct http **http, struct bridge *b, struct ztp_error *error);
/* Closes every connection. NULL-safe. */
void http_free(struct http *http);

/* Readable when http_run has something to do; the same for the whole life. */
int http_fd(const struct http *http);
/* http_run is also to be called after so many ms; -1: only when readable. */
int64_t http_timeout_ms(const struct http *http);
/* Answers what can be answered now. Outside of store transactions. */
void http_run(struct http *http);

#endif
