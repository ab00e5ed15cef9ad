/*
 * policy/cert_ext.h - the extensions that say what a certificate may be used
 * for (RFC 5280 section 4.2). Private to policy/.
 */
#ifndef ZTP_POLICY_CERT_EXT_H
#define ZTP_POLICY_CERT_EXT_H

#include "policy/cert_view.h"
#include "ztp/cert.h"

/* Fills is_ca, has_key_usage, may_sign, has_eku, eku_client_auth and san. Refuses
 * a repeated extension and a critical one that we do not understand
 * (ZTP_ERR_CERT). */
int ztp_cert_extensions(struct ztp_cert *cert, const struct ztp_cert_view *view,
			struct ztp_error *error);

#endif
