/*
 * policy/spki.h - reads the type and size of a public key from its
 * SubjectPublicKeyInfo (RFC 3279 2.3.1, RFC 5480), without making an OpenSSL
 * key of it. Private to policy/.
 */
#ifndef ZTP_POLICY_SPKI_H
#define ZTP_POLICY_SPKI_H

#include "ztp/cert.h"

/* Accepts RSA 2048-4096 with e = 65537, and EC P-256 or P-384 as a named
 * curve. Checks that a point has the right length; ztp/key.h checks that it
 * is on the curve. ZTP_ERR_CERT for what is not DER, ZTP_ERR_CERT_KEY for
 * any other key. */
int ztp_spki_describe(enum ztp_key_algorithm *algorithm, int *bits,
		      struct ztp_str spki, struct ztp_error *error);

#endif
