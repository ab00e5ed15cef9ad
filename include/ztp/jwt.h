/*
 * ztp/jwt.h - proof of possession: the JWT in the MQTT password (DESIGN section
 * 2): the compact form of RFC 7515 section 3.1, in canonical base64url; RS256,
 * ES256 and ES384 of RFC 7518 sections 3.3 and 3.4; the claims of RFC 7519
 * section 4.1. The key determines the algorithm, and the header must name it.
 *
 * iat and exp must be there, as integers; nbf, sub and typ may be; crit must
 * not (RFC 7515 section 4.1.11). Pure; any thread.
 */
#ifndef ZTP_JWT_H
#define ZTP_JWT_H

#include "ztp/key.h"
#include "ztp/path.h"

/* `alg` for each kind of key. */
#define ZTP_JWT_RSA    "RS256"
#define ZTP_JWT_EC_256 "ES256"
#define ZTP_JWT_EC_384 "ES384"

#define ZTP_JWT_MAX	    (16 * 1024) /* bytes */
#define ZTP_JWT_SKEW_MS	    (10 * 60 * 1000LL)
#define ZTP_JWT_LIFETIME_MS (24 * 3600 * 1000LL)

struct ztp_jwt_rules {
	const char *audience;	     /* NULL: any */
	const struct ztp_path *path; /* what `sub`, if present, must be */
	int64_t now_ms;		     /* wall clock */
	int64_t skew_ms;	     /* ZTP_JWT_SKEW_MS, or 0 */
};

struct ztp_jwt_claims {
	int64_t issued_ms, expires_ms; /* since 1970 */
};

#define ZTP_JWT_SIGNATURE_MAX 512 /* bytes; RSA 4096 */

/* A JWT that has been read but not verified: nothing in it may be trusted. */
struct ztp_jwt {
	const char *algorithm;	    /* ZTP_JWT_RSA or another of the three */
	struct ztp_str signed_text; /* a view into the text */
	uint8_t signature[ZTP_JWT_SIGNATURE_MAX];
	size_t signature_len;
	struct ztp_jwt_claims claims;
};

/* The checks that need no key and cost a few microseconds: form, header and
 * claims. The text must outlive *jwt. Returns 0, ZTP_ERR_PROOF (not a JWT, or
 * one without what it needs), what is wrong with it (ZTP_ERR_PROOF_EXPIRED,
 * _EARLY, _LONG, _AUDIENCE, _SUBJECT or _ALGORITHM), or ZTP_ERR_NOMEM. */
int ztp_jwt_read(struct ztp_jwt *jwt, const char *text, size_t len,
		 const struct ztp_jwt_rules *rules, struct ztp_error *error);

/* Can this key have signed it? Compares the algorithm and the length of the
 * signature with the key's DER SubjectPublicKeyInfo, which costs about a
 * microsecond. Returns 0, ZTP_ERR_PROOF_ALGORITHM, ZTP_ERR_PROOF (an ECDSA
 * signature in DER, for example), or what is wrong with the key. */
int ztp_jwt_fits(const struct ztp_jwt *jwt, const void *spki, size_t len,
		 struct ztp_error *error);

/* Verifies the signature of a JWT that ztp_jwt_read has accepted: the expensive
 * part. Returns 0, what ztp_jwt_fits returns, ZTP_ERR_PROOF_KEY or
 * ZTP_ERR_NOMEM. Whether it succeeds depends on the text, the key and memory
 * alone. */
int ztp_jwt_prove(const struct ztp_jwt *jwt, const struct ztp_key *key,
		  struct ztp_error *error);

/* All of them. claims may be NULL. */
int ztp_jwt_verify(struct ztp_jwt_claims *claims, const char *jwt, size_t len,
		   const struct ztp_key *key, const struct ztp_jwt_rules *rules,
		   struct ztp_error *error);

#endif
