/*
 * tests/unit/certs.h - makes keys, certificates and JWTs for tests. When
 * OpenSSL fails, these functions fail the running test.
 */
#ifndef ZTP_TESTS_CERTS_H
#define ZTP_TESTS_CERTS_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

#define CERTS_NOW    1767323045678LL /* 2026-01-02T03:04:05.678Z */
#define CERTS_DAY_MS (24 * 3600 * 1000LL)

/* "rsa:2048", "ec:P-256", "ed25519"; free with EVP_PKEY_free. */
EVP_PKEY *certs_key(const char *kind);

struct certs_spec {
	EVP_PKEY *key;
	const char *subject; /* "/CN=x/O=y"; NULL: /CN=unused-device */
	X509 *issuer;	     /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	const EVP_MD *digest; /* NULL: SHA-256 */
	int version;	      /* 1 or 3; 0: 3 if there are extensions */
	int64_t not_before_ms, not_after_ms; /* 0: a day around CERTS_NOW */
	const char *const *extensions;	     /* name, value, ..., NULL */
};

/* Free with X509_free. */
X509 *certs_make(const struct certs_spec *spec);
/* A self-signed v3 CA of this name. */
X509 *certs_ca(EVP_PKEY *key, const char *subject);
/* Signs again after a change. */
void certs_sign(X509 *x509, EVP_PKEY *key, const EVP_MD *digest);

/* A copy with the other signature that ECDSA has for the same text: (r, n-s).
 * key is the issuer's. */
X509 *certs_twin(const X509 *x509, EVP_PKEY *key);

/* Terminated; free with free. */
char *certs_pem(X509 *x509);
char *certs_base64(X509 *x509);
uint8_t *certs_der(X509 *x509, size_t *len);
uint8_t *certs_spki(EVP_PKEY *key, size_t *len);
char *certs_spki_pem(EVP_PKEY *key);
/* A copy in which every newline, also the last, is replaced. */
char *certs_lines(const char *pem, const char *newline);

/* A copy of DER in which the old_len bytes at `at` are replaced, with the
 * lengths of all enclosing elements corrected. */
uint8_t *certs_splice(const uint8_t *der, size_t len, size_t at, size_t old_len,
		      const void *bytes, size_t bytes_len, size_t *out_len);
/* The position of the n-th occurrence of the bytes, counted from 0. */
size_t certs_find(const uint8_t *der, size_t len, const void *bytes,
		  size_t bytes_len, int n);

/* A copy of exactly this size, so that ASan guards its end. */
void *certs_exact(const void *bytes, size_t len);

char *certs_base64url(const void *bytes, size_t len);
/* Fixed-length r||s for EC keys, PKCS #1 v1.5 for RSA. */
uint8_t *certs_signature(EVP_PKEY *key, const void *data, size_t len,
			 size_t *signature_len);
/* A compact JWS of exactly these two texts. */
char *certs_jwt(EVP_PKEY *key, const char *header, const char *claims);

/* The public keys of JWKs (RFC 7517), in base64url. */
EVP_PKEY *certs_jwk_rsa(const char *n);
EVP_PKEY *certs_jwk_p256(const char *x, const char *y);

#endif
