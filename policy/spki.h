/*
 * policy/spki.h - what a SubjectPublicKeyInfo says of itself, without making
 * an OpenSSL key of it (RFC 3279 2.3.1, RFC 5480). Private to policy/.
 */
#ifndef ZTP_POLICY_SPKI_H
#define ZTP_POLICY_SPKI_H

#include "ztp/cert.h"

/* RSA 2048-4096 with e = 65537 or EC P-256/P-384 as a named curve; the point
 * has the right length, whether it is on the curve is left to ztp/key.h.
 * ZTP_ERR_CERT for what is not DER, ZTP_ERR_CERT_KEY for any other key. */
int ztp_spki_describe(enum ztp_key_algorithm *algorithm, int *bits,
		      struct ztp_str spki, struct ztp_error *error);

#endif
