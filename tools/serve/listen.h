/* tools/serve/listen.h - the socket that the server listens on. */
#ifndef ZTP_SERVE_LISTEN_H
#define ZTP_SERVE_LISTEN_H

#include <stdbool.h>

#include "ztp/error.h"

/* where: HOST:PORT, [IPv6]:PORT. Returns the socket; ZTP_ERR_USAGE: where is
 * not an address. *loopback: only this machine can reach it. */
int listen_open(bool *loopback, const char *where, struct ztp_error *error);

#endif
