/*
 * bridge/http/http_refusals.h - /v1/refusals: the gate's last refusals, as the
 * bridge has seen them in its audit. Read-only; loop thread.
 */
#ifndef BRIDGE_HTTP_HTTP_REFUSALS_H
#define BRIDGE_HTTP_HTTP_REFUSALS_H

#include "bridge/http/http_page.h"

/* GET /v1/refusals
 *
 *   {"refusals":[{"at","code","count","device_path"?,"fingerprint_sha256"?,
 *                 "remote_addr"?}]}
 *
 * The last one first, at most REFUSALS_MAX (bridge/core/refusals.h), since the
 * bridge started. count says how often this one was seen: the same code, path
 * and address share an entry. */
struct http_page http_refusals(const struct bridge *b);

#endif
