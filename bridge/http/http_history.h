/*
 * bridge/http/http_history.h - /v1/history: the counters of the last hour, from
 * which curves are drawn. Read-only; loop thread.
 */
#ifndef BRIDGE_HTTP_HTTP_HISTORY_H
#define BRIDGE_HTTP_HTTP_HISTORY_H

#include "bridge/http/http_page.h"

struct MHD_Connection;

/* GET /v1/history?after=TIME
 *
 *   {"every_ms":10000,"names":["pending_events",...],
 *    "samples":[["2026-01-02T03:04:05.678Z",12,...],...],
 *    "now":["2026-01-02T03:04:11.678Z",13,...]}
 *
 * Each name is the sum of a counter of /metrics over its labels. The oldest
 * sample comes first; only those after TIME, that of a sample, if it is given.
 * Any other parameter, or another TIME than an RFC 3339 one, gets 400. */
struct http_page http_history(struct bridge *b, struct MHD_Connection *client);

#endif
