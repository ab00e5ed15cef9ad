/*
 * ztp/key.h - a device's public key, ready to verify signatures. It is opaque
 * so that this header does not need OpenSSL's. One thread at a time.
 */
#ifndef ZTP_KEY_H
#define ZTP_KEY_H

#include "ztp/cert.h"

struct ztp_key;

/* Reads a DER SubjectPublicKeyInfo (RFC 3279 2.3.1, RFC 5480 2): RSA 2048-4096
 * with e = 65537, or EC P-256 or P-384 as a named curve with a point on it,
 * compressed or not. Returns 0, ZTP_ERR_CERT (not DER), ZTP_ERR_CERT_KEY (any
 * other key) or ZTP_ERR_NOMEM. The caller frees *key with ztp_key_free. */
int ztp_key_from_spki(struct ztp_key **key, const void *spki, size_t len,
		      struct ztp_error *error);

/* As ztp_key_from_spki, from PEM ("PUBLIC KEY"), of at most ZTP_CERT_TEXT_MAX
 * bytes (else ZTP_ERR_TOO_LARGE); ZTP_ERR_EMPTY when there is none. */
int ztp_key_from_pem(struct ztp_key **key, const char *pem, size_t len,
		     struct ztp_error *error);

enum ztp_key_algorithm ztp_key_algorithm(const struct ztp_key *key);
int ztp_key_bits(const struct ztp_key *key);
/* The DER SubjectPublicKeyInfo; belongs to the key. */
struct ztp_str ztp_key_spki(const struct ztp_key *key);

/* Is signature this key's over data: RSASSA-PKCS1-v1_5, or ECDSA as two integers
 * of fixed length (RFC 7518 sections 3.3 and 3.4); SHA-256 for RSA and P-256,
 * SHA-384 for P-384. 0: it is. ZTP_ERR_PROOF: it is not. ZTP_ERR_NOMEM: that is
 * not known. */
int ztp_key_check(const struct ztp_key *key, const void *data, size_t len,
		  const void *signature, size_t signature_len);
/* True when it is. */
bool ztp_key_verify(const struct ztp_key *key, const void *data, size_t len,
		    const void *signature, size_t signature_len);

void ztp_key_free(struct ztp_key *key);

#endif
