/*
 * bridge/http/http_aside.h - keeps the admin server answering while the loop
 * thread is busy elsewhere: with a question to Kafka, with indexes, with opening
 * or closing all connections.
 *
 * The server belongs to whoever holds a lock. The loop thread holds it but while
 * it is away; then a thread of its own answers, from what the loop has left
 * (http_leave). So neither sees the other's work half done.
 */
#ifndef BRIDGE_HTTP_HTTP_ASIDE_H
#define BRIDGE_HTTP_HTTP_ASIDE_H

#include "bridge/http/http.h"

struct http_aside;

/* Called under the lock while the loop is away, about once a second. */
typedef void http_aside_pulse(void *arg);

/* Starts the thread; signals must be blocked. The caller is the loop thread,
 * and is not away. http outlives it; NULL: nothing is served, but the pulse goes on.
 */
int http_aside_new(struct http_aside **aside, struct http *http,
		   http_aside_pulse *pulse, void *arg, struct ztp_error *error);
/* Accepts NULL. The loop thread must not be away. */
void http_aside_free(struct http_aside *aside);

/* The loop thread goes, and is back. Both accept NULL, and being there already.
 */
void http_aside_away(struct http_aside *aside);
void http_aside_back(struct http_aside *aside);

#endif
