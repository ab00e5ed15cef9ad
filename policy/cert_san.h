/*
 * policy/cert_san.h - alternative names (RFC 5280 section 4.2.1.6). Private
 * to policy/. Pure; any thread.
 */
#ifndef ZTP_POLICY_CERT_SAN_H
#define ZTP_POLICY_CERT_SAN_H

#include "ztp/cert.h"

/* Fills cert->san from the contents of a subjectAltName extension. After a
 * failure ztp_cert_clear frees what was filled in. */
int ztp_cert_alt_names(struct ztp_cert *cert, struct ztp_str value,
		       struct ztp_error *error);

#endif
