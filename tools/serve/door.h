/*
 * tools/serve/door.h - libmicrohttpd: connections, requests with their bodies,
 * and answers. It is run by the loop.
 */
#ifndef ZTP_SERVE_DOOR_H
#define ZTP_SERVE_DOOR_H

#include "tools/serve/server.h"

struct door_tls {
	char *cert, *key, *client_ca; /* PEM; NULL: none */
};

/* Takes the socket. */
int door_start(struct server *server, int listening, const struct door_tls *tls,
	       struct ztp_error *error);
int door_fd(const struct server *server);
/* In ms; -1: as long as you like. */
int64_t door_wait_ms(const struct server *server);
void door_run(struct server *server);
/* No more is accepted. */
void door_quiesce(struct server *server);
void door_stop(struct server *server); /* all calls must have been answered */

#endif
