/*
 * bridge/getaddrinfo.h - this program's getaddrinfo(), which its libraries call
 * instead of libc's. It asks libc, except for the name of the broker while it is
 * connected to (bridge/mqtt/names.h).
 */
#ifndef BRIDGE_GETADDRINFO_H
#define BRIDGE_GETADDRINFO_H

struct names;

/* Called once, before there are threads. What it returns lives as long as the
 * process, because a look-up may not end before that. NULL: no memory. */
struct names *getaddrinfo_names(void);

#endif
