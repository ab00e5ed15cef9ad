/*
 * ztp/cert.h - reads, describes and checks bootstrap certificates (DESIGN
 * sections 2 and 11; RFC 5280). The public key stays as DER until it is needed
 * (ztp/key.h): turning it into an OpenSSL key costs many times as much as the
 * rest of the parsing. Pure; any thread.
 */
#ifndef ZTP_CERT_H
#define ZTP_CERT_H

#include "ztp/codec.h"
#include "ztp/error.h"

#define ZTP_CERT_TEXT_MAX (16 * 1024) /* bytes, whatever the encoding */
#define ZTP_NAME_MAX	  512	      /* bytes of an RFC 4514 string */
#define ZTP_SERIAL_MAX	  64	      /* octets; RFC 5280 4.1.2.2 says 20 */
#define ZTP_SAN_MAX	  64	      /* names in one certificate */

enum ztp_key_algorithm { ZTP_KEY_RSA, ZTP_KEY_EC };

#define ZTP_ALGORITHM_RSA "RSA"
#define ZTP_ALGORITHM_EC  "EC"

/* ZTP_ALGORITHM_*. */
const char *ztp_key_algorithm_name(enum ztp_key_algorithm algorithm);

struct ztp_cert {
	uint8_t fingerprint[ZTP_SHA256_LEN]; /* SHA-256 of the DER */
	uint8_t spki_sha256[ZTP_SHA256_LEN]; /* of SubjectPublicKeyInfo */
	/* SHA-256 of what is signed, the key included. Limits count by it,
	 * because one certificate may have several fingerprints: anybody can
	 * turn an ECDSA signature (r, s) into another one, (r, n-s). With
	 * PKCS #1 v1.5 it is the fingerprint. */
	uint8_t identity[ZTP_SHA256_LEN];
	enum ztp_key_algorithm key_algorithm;
	int key_bits;			     /* RSA 2048-4096, EC 256 or 384 */
	int64_t not_before, not_after;	     /* ms since 1970 */
	char serial[2 * ZTP_SERIAL_MAX + 1]; /* lower-case hex */
	/* RFC 4514 as OpenSSL writes it (XN_FLAG_RFC2253): ASCII, truncated
	 * between two characters */
	char subject[ZTP_NAME_MAX + 1];
	char issuer[ZTP_NAME_MAX + 1];
	bool is_ca;	      /* basicConstraints CA, or keyCertSign */
	bool has_key_usage;   /* key usage is present ... */
	bool may_sign;	      /* ... and allows digitalSignature */
	bool has_eku;	      /* extended key usage is present ... */
	bool eku_client_auth; /* ... and allows clientAuth or any usage */
	size_t san_count;
	char **san;   /* owned: "DNS:...", "IP:...", "URI:..." ... */
	uint8_t *der; /* owned */
	size_t der_len;
	struct ztp_str spki; /* view into der */
};

/* Reads PEM, PEM whose newlines were removed, turned into spaces or written
 * as \n, or bare base64 DER. Checks the structure: strict DER, one certificate
 * and nothing else, key type and size, signature algorithm, extensions. Does
 * not check who may use it or when. Returns 0, ZTP_ERR_EMPTY, _TOO_LARGE,
 * _CERT_KEY, _CERT_SIGNATURE, _NOMEM, or ZTP_ERR_CERT for everything else. On
 * success the caller owns *cert and frees it with ztp_cert_clear; after a failure
 * there is nothing to free. */
int ztp_cert_parse(struct ztp_cert *cert, const char *text, size_t len,
		   struct ztp_error *error);

/* As ztp_cert_parse, from DER. */
int ztp_cert_parse_der(struct ztp_cert *cert, const void *der, size_t len,
		       struct ztp_error *error);

/* Is now_ms (wall clock) within the validity period? It includes the second that
 * notAfter names (RFC 5280 4.1.2.5). */
#define ZTP_CERT_LAST_MS 1000 /* how long that second lasts */
bool ztp_cert_is_valid_at(const struct ztp_cert *cert, int64_t now_ms);

/* Checks that a device may use this certificate at now_ms (wall clock): it is
 * not a CA, it allows digital signatures, which prove that the device holds the
 * key, and clientAuth (RFC 5280 4.2.1.3, 4.2.1.12), and it is within its validity
 * period. Returns 0, ZTP_ERR_CERT_IS_CA, _CERT_USAGE, _CERT_NOT_YET or
 * _CERT_EXPIRED. */
int ztp_cert_check_leaf(const struct ztp_cert *cert, int64_t now_ms,
			struct ztp_error *error);

/* NULL-safe, idempotent. */
void ztp_cert_clear(struct ztp_cert *cert);

#endif
