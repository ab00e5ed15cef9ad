/*
 * base/listen.h - the TCP socket that an HTTP server of ours listens on.
 */
#ifndef ZTP_BASE_LISTEN_H
#define ZTP_BASE_LISTEN_H

#include <stdbool.h>

#define ZTP_LISTEN_NAME 128 /* bytes of an address and its port, as text */

/* Listens at the first of the host's addresses that is available. A host name is
 * resolved here, which may block. Returns the socket, which does not block and
 * is closed by an exec; or -1, and *why says what is wrong. *loopback: only this
 * machine can reach it; may be NULL. */
int ztp_listen(bool *loopback, const char *host, const char *port,
	       const char **why);

/* Its address, with the port that it became: HOST:PORT or [IPv6]:PORT. False: it
 * is not known. */
bool ztp_listen_name(char out[ZTP_LISTEN_NAME], int fd);

#endif
