/*
 * ztp/key.h - a device's public key, ready to verify with. Opaque so that the
 * header needs no OpenSSL. Not shared between threads without a lock.
 */
#ifndef ZTP_KEY_H
#define ZTP_KEY_H

#include "ztp/cert.h"

struct ztp_key;

/* From DER SubjectPublicKeyInfo: RSA 2048-4096 with e = 65537, or EC P-256 /
 * P-384 with a point on the curve. The caller frees with ztp_key_free. */
int ztp_key_from_spki(struct ztp_key **key, const void *spki, size_t len,
		      struct ztp_error *error);

/* The same from PEM "PUBLIC KEY" text. */
int ztp_key_from_pem(struct ztp_key **key, const char *pem, size_t len,
		     struct ztp_error *error);

enum ztp_key_algorithm ztp_key_algorithm(const struct ztp_key *key);
int ztp_key_bits(const struct ztp_key *key);
/* DER SubjectPublicKeyInfo; owned by the key. */
struct ztp_str ztp_key_spki(const struct ztp_key *key);

/* signature over data: RSASSA-PKCS1-v1_5 or ECDSA as two fixed-length
 * integers (RFC 7518 section 3.3 and 3.4), SHA-256 (RSA, P-256) or SHA-384. */
bool ztp_key_verify(const struct ztp_key *key, const void *data, size_t len,
		    const void *signature, size_t signature_len);

void ztp_key_free(struct ztp_key *key);

#endif
