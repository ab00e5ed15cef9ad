/*
 * tools/common/tls_probe.h - paho says that TLS failed, and not why. This
 * connects once more, just far enough to find out.
 */
#ifndef ZTP_TOOLS_TLS_PROBE_H
#define ZTP_TOOLS_TLS_PROBE_H

#include "base/tls_why.h"

/* Writes why the broker at this URL cannot be used: its name is not found, it
 * is not reached, it speaks no TLS, or its certificate is not accepted; "" if
 * nothing was found. ca_file: NULL for the system's. Blocks for no more than ms,
 * whatever the broker does, but for a name server as long as the resolver. */
void ztp_tls_probe(char out[ZTP_TLS_WHY_MAX], const char *url,
		   const char *ca_file, int64_t ms);

#endif
