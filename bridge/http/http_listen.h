/*
 * bridge/http/http_listen.h - the socket of the admin server.
 */
#ifndef BRIDGE_HTTP_HTTP_LISTEN_H
#define BRIDGE_HTTP_HTTP_LISTEN_H

#include "bridge/core/core.h"

/* Binds the first of the host's addresses that is available. Returns the
 * socket or a negative error. A host name is resolved here, which may block. */
int http_listen(const struct config_http *config, struct ztp_error *error);
/* Logs http_listening with the actual address. */
void http_listen_log(int listening, struct log *log);

#endif
