/*
 * policy/cert_ext.h - the extensions of a certificate (RFC 5280 section 4.2)
 * that decide what it may be used for. Private to policy/.
 */
#ifndef ZTP_POLICY_CERT_EXT_H
#define ZTP_POLICY_CERT_EXT_H

#include "policy/cert_view.h"
#include "ztp/cert.h"

/* Fills is_ca, has_eku, eku_client_auth and san. No extension twice, no
 * critical one that nobody here understands. */
int ztp_cert_extensions(struct ztp_cert *cert, const struct ztp_cert_view *view,
			struct ztp_error *error);

#endif
