/*
 * bridge/http/http_host.h - by which names the pages may be asked for.
 *
 * A web page anywhere can make its visitor's browser ask for a name of its own
 * that resolves to the bridge's address (DNS rebinding), and then read the
 * answer. The browser sends that name as Host, so pages that name devices are
 * only given to names that we know. Pure.
 */
#ifndef BRIDGE_HTTP_HTTP_HOST_H
#define BRIDGE_HTTP_HTTP_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* host: the header's value, with or without a port; NULL: there was none, so
 * it was no browser. names: http.hosts. True for these, for an IP address and
 * for localhost, whatever their case. */
bool http_host_known(const char *host, char *const *names, size_t count);
/* Is it the host of this URL, standby.advertise, whatever the port? "": no. */
bool http_host_advertised(const char *host, const char *url);

#endif
