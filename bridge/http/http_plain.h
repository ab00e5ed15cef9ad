/*
 * bridge/http/http_plain.h - the plain-text pages: /healthz, /readyz, /metrics.
 * Loop thread; they read no rows of the store.
 */
#ifndef BRIDGE_HTTP_HTTP_PLAIN_H
#define BRIDGE_HTTP_HTTP_PLAIN_H

#include "bridge/http/http_page.h"

/* The loop may be busy elsewhere for so long: indexes of some ten million rows
 * are made in one go. */
#define HTTP_AWAY_MAX_MS 300000

/* Takes ownership of text, which may be NULL: no memory. */
struct http_page http_plain_page(unsigned status, char *text);

#define HTTP_METRICS "/metrics"

/* away_ms: for how long the loop has not turned, or 0. */
struct http_page http_health(int64_t away_ms);
struct http_page http_ready(struct bridge *b);
struct http_page http_metrics(struct bridge *b);

#endif
