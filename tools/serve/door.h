/*
 * tools/serve/door.h - libmicrohttpd: it listens, and its connections. It is run by
 * the loop.
 */
#ifndef ZTP_SERVE_DOOR_H
#define ZTP_SERVE_DOOR_H

#include "tools/serve/server.h"

/* Listens on server->listening, and takes tls, also if it fails. If there is a
 * door already, that one retires. */
int door_start(struct server *server, const struct door_tls *tls,
	       struct ztp_error *error);
/* Is there none that retires? If so, another one may be started. */
bool door_may_start(const struct server *server);
int door_fd(const struct server *server, int door); /* -1: none */
/* In ms; -1: as long as you like. */
int64_t door_wait_ms(const struct server *server);
void door_run(struct server *server);
void door_stop(struct server *server); /* all calls must have been answered */

void door_tls_clear(struct door_tls *tls);

#endif
