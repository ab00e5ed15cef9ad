/*
 * A compact JWS (RFC 7515 section 3.1) with the claims of a JWT. The cheap
 * checks come first: form, header, claims, and only then the signature. What is
 * read before the signature can only lead to a refusal. The token does not
 * choose the algorithm. The key determines it, and the header must name the
 * same, so "none" and a public key used as an HMAC secret are impossible.
 */
#include <string.h>
#include <strings.h>

#include "policy/spki.h"
#include "ztp/json.h"
#include "ztp/jwt.h"

#define SECONDS_MAX 253402300799LL /* 9999-12-31T23:59:59Z */

struct parts {
	struct ztp_str header, payload, signature;
	struct ztp_str signed_text; /* header "." payload */
};

static int refuse(struct ztp_error *error, const char *why)
{
	return ztp_fail(error, ZTP_ERR_PROOF, "JWT: %s", why);
}

/* Takes the text up to the next '.', and the '.'. */
static bool take_part(struct ztp_str *part, struct ztp_str *rest)
{
	const char *dot = rest->n ? memchr(rest->p, '.', rest->n) : NULL;

	if (!dot)
		return false;
	part->p = rest->p;
	part->n = (size_t)(dot - rest->p);
	rest->p = dot + 1;
	rest->n -= part->n + 1;
	return part->n > 0;
}

static bool split(struct parts *parts, const char *jwt, size_t len)
{
	struct ztp_str rest = {jwt, len};

	if (!take_part(&parts->header, &rest) ||
	    !take_part(&parts->payload, &rest) || rest.n == 0)
		return false;
	parts->signature = rest; /* base64url contains no third '.' */
	parts->signed_text.p = jwt;
	parts->signed_text.n = len - rest.n - 1;
	return true;
}

static int out_of_memory(struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

/* Decodes a part to text, which has room for ZTP_JWT_MAX bytes, and finds the
 * object's members in it. */
static int read_part(struct ztp_object *object, struct ztp_field *fields,
		     size_t count, char *text, struct ztp_str part,
		     const char *why_not, struct ztp_error *error)
{
	long len = ztp_base64url_decode(text, ZTP_JWT_MAX, part.p, part.n);
	int rc = ZTP_ERR_JSON;

	if (len > 0)
		rc = ztp_object_read(object, fields, count,
				     (struct ztp_str){text, (size_t)len},
				     ZTP_JWT_MAX, NULL);
	if (rc == 0 && object->is_object)
		return 0;
	if (rc == 0)
		ztp_object_clear(object);
	if (rc == ZTP_ERR_NOMEM)
		return out_of_memory(error);
	return refuse(error, why_not);
}

/* The constant for what the header names; NULL: none that any key has. */
static const char *algorithm_named(struct ztp_str alg)
{
	static const char *const known[] = {ZTP_JWT_RSA, ZTP_JWT_EC_256,
					    ZTP_JWT_EC_384};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (ztp_str_is(alg, known[i]))
			return known[i];
	return NULL;
}

enum header { ALG, TYP, CRIT, HEADER_MEMBERS };

/* alg and typ are {NULL, 0} where they are not strings. */
static int judge_header(const char **algorithm, const struct ztp_field *fields,
			struct ztp_str alg, struct ztp_str typ,
			struct ztp_error *error)
{
	if (!alg.p)
		return refuse(error, "alg is missing or not a string");
	*algorithm = algorithm_named(alg);
	if (!*algorithm)
		return ztp_fail(error, ZTP_ERR_PROOF_ALGORITHM,
				"JWT: alg is none of RS256, ES256 and ES384");
	if (fields[TYP].kind &&
	    (typ.n != 3 || strncasecmp(typ.p, "JWT", 3) != 0))
		return refuse(error, "typ is not JWT");
	if (fields[CRIT].kind)
		return refuse(
			error,
			"crit requires extensions that are not supported");
	return 0;
}

static int check_header(const char **algorithm, struct ztp_str part,
			struct ztp_error *error)
{
	struct ztp_field fields[HEADER_MEMBERS] = {
		[ALG] = {.name = "alg"},
		[TYP] = {.name = "typ"},
		[CRIT] = {.name = "crit"},
	};
	char text[ZTP_JWT_MAX];
	struct ztp_object header;
	struct ztp_str alg, typ;
	int rc = read_part(&header, fields, HEADER_MEMBERS, text, part,
			   "the header is not a JSON object in base64url",
			   error);

	if (rc)
		return rc;
	if (ztp_object_string(&alg, &header, ALG, ZTP_JWT_MAX, NULL) ==
		    ZTP_ERR_NOMEM ||
	    ztp_object_string(&typ, &header, TYP, ZTP_JWT_MAX, NULL) ==
		    ZTP_ERR_NOMEM)
		rc = out_of_memory(error);
	else
		rc = judge_header(algorithm, fields, alg, typ, error);
	ztp_object_clear(&header);
	return rc;
}

enum claim { IAT, EXP, NBF, AUD, SUB, CLAIMS };

/* Reads a NumericDate in ms. It must be written as an integer, so the text is
 * read, not the number: 1.7e9 and 1700000000 are the same number. */
static bool read_date(int64_t *ms, const struct ztp_field *date)
{
	struct ztp_str digits = date->raw;
	int64_t seconds = 0;

	if (date->kind != '0' || digits.n > 12)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
		seconds = seconds * 10 + (digits.p[i] - '0');
	}
	*ms = seconds * 1000;
	return seconds <= SECONDS_MAX;
}

static int check_times(struct ztp_jwt_claims *claims,
		       const struct ztp_field *fields,
		       const struct ztp_jwt_rules *rules,
		       struct ztp_error *error)
{
	int64_t not_before, lifetime;

	if (!read_date(&claims->issued_ms, &fields[IAT]))
		return refuse(error, "iat is missing or not an integer");
	if (!read_date(&claims->expires_ms, &fields[EXP]))
		return refuse(error, "exp is missing or not an integer");
	lifetime = claims->expires_ms - claims->issued_ms;
	if (lifetime <= 0)
		return refuse(error, "exp is not after iat");
	if (lifetime > ZTP_JWT_LIFETIME_MS)
		return ztp_fail(error, ZTP_ERR_PROOF_LONG,
				"JWT: lifetime longer than 24 hours");
	if (claims->issued_ms > rules->now_ms + rules->skew_ms)
		return ztp_fail(error, ZTP_ERR_PROOF_EARLY,
				"JWT: iat is in the future");
	if (rules->now_ms >= claims->expires_ms + rules->skew_ms)
		return ztp_fail(
			error, ZTP_ERR_PROOF_EXPIRED, "JWT: expired %lld s ago",
			(long long)(rules->now_ms - claims->expires_ms) / 1000);
	if (!fields[NBF].kind)
		return 0;
	if (!read_date(&not_before, &fields[NBF]))
		return refuse(error, "nbf is not an integer");
	if (not_before > rules->now_ms + rules->skew_ms)
		return ztp_fail(error, ZTP_ERR_PROOF_EARLY,
				"JWT: nbf is in the future");
	return 0;
}

struct audience {
	const char *wanted;
	bool found;
};

static int look_for(void *arg, const struct ztp_json_item *item)
{
	struct audience *audience = arg;

	if (item->kind == '"' && ztp_json_is(&item->string, audience->wanted))
		audience->found = true;
	return 0;
}

/* RFC 7519 4.1.3: one string, or an array of them */
static int check_audience(const struct ztp_field *aud, const char *wanted,
			  struct ztp_error *error)
{
	struct audience audience = {wanted, false};

	if (aud->kind == '"')
		audience.found = ztp_json_is(&aud->string, wanted);
	else if (aud->kind == '[' &&
		 ztp_json_each(aud->raw, ZTP_JWT_MAX, look_for, &audience,
			       NULL) == ZTP_ERR_NOMEM)
		return out_of_memory(error);
	return audience.found
		       ? 0
		       : ztp_fail(error, ZTP_ERR_PROOF_AUDIENCE,
				  "JWT: aud is not the registry's audience");
}

static int check_subject(struct ztp_object *claims, const struct ztp_path *path,
			 struct ztp_error *error)
{
	struct ztp_str sub;
	int rc = ztp_object_string(&sub, claims, SUB, ZTP_PATH_MAX, NULL);

	if (rc == ZTP_ERR_NOMEM)
		return out_of_memory(error);
	if (rc == 0 && sub.p && sub.n == path->whole.n &&
	    memcmp(sub.p, path->whole.p, sub.n) == 0)
		return 0;
	return ztp_fail(error, ZTP_ERR_PROOF_SUBJECT,
			"JWT: sub is not the device path");
}

static int check_claims(struct ztp_jwt_claims *claims, struct ztp_str part,
			const struct ztp_jwt_rules *rules,
			struct ztp_error *error)
{
	struct ztp_field fields[CLAIMS] = {
		[IAT] = {.name = "iat"}, [EXP] = {.name = "exp"},
		[NBF] = {.name = "nbf"}, [AUD] = {.name = "aud"},
		[SUB] = {.name = "sub"},
	};
	char text[ZTP_JWT_MAX];
	struct ztp_object object;
	int rc = read_part(&object, fields, CLAIMS, text, part,
			   "the claims are not a JSON object in base64url",
			   error);

	if (rc)
		return rc;
	rc = check_times(claims, fields, rules, error);
	if (!rc && rules->audience)
		rc = check_audience(&fields[AUD], rules->audience, error);
	if (!rc && fields[SUB].kind && rules->path)
		rc = check_subject(&object, rules->path, error);
	ztp_object_clear(&object);
	return rc;
}

int ztp_jwt_read(struct ztp_jwt *jwt, const char *text, size_t len,
		 const struct ztp_jwt_rules *rules, struct ztp_error *error)
{
	struct parts parts;
	long signature_len;
	int rc;

	jwt->algorithm = "";
	if (len > ZTP_JWT_MAX)
		return refuse(error, "longer than 16 KiB");
	if (!split(&parts, text, len))
		return refuse(error, "not three parts");
	signature_len =
		ztp_base64url_decode(jwt->signature, sizeof jwt->signature,
				     parts.signature.p, parts.signature.n);
	if (signature_len < 0)
		return refuse(error, "the signature is not base64url");
	rc = check_header(&jwt->algorithm, parts.header, error);
	if (rc == 0)
		rc = check_claims(&jwt->claims, parts.payload, rules, error);
	jwt->signed_text = parts.signed_text;
	jwt->signature_len = (size_t)signature_len;
	return rc;
}

static const char *algorithm_of(enum ztp_key_algorithm algorithm, int bits)
{
	if (algorithm == ZTP_KEY_RSA)
		return ZTP_JWT_RSA;
	return bits == 384 ? ZTP_JWT_EC_384 : ZTP_JWT_EC_256;
}

/* RFC 7518: an RSA signature is as long as the modulus, an ECDSA signature
 * twice as long as the group's order. */
static int fits(const struct ztp_jwt *jwt, enum ztp_key_algorithm algorithm,
		int bits, struct ztp_error *error)
{
	size_t bytes = (size_t)(bits + 7) / 8;

	if (strcmp(jwt->algorithm, algorithm_of(algorithm, bits)) != 0)
		return ztp_fail(error, ZTP_ERR_PROOF_ALGORITHM,
				"JWT: alg does not match the key");
	if (jwt->signature_len != (algorithm == ZTP_KEY_RSA ? 1 : 2) * bytes)
		return refuse(error,
			      "the signature has the wrong length for the key");
	return 0;
}

int ztp_jwt_fits(const struct ztp_jwt *jwt, const void *spki, size_t len,
		 struct ztp_error *error)
{
	enum ztp_key_algorithm algorithm;
	int bits, rc;

	rc = ztp_spki_describe(&algorithm, &bits, (struct ztp_str){spki, len},
			       error);
	return rc ? rc : fits(jwt, algorithm, bits, error);
}

int ztp_jwt_prove(const struct ztp_jwt *jwt, const struct ztp_key *key,
		  struct ztp_error *error)
{
	int rc = fits(jwt, ztp_key_algorithm(key), ztp_key_bits(key), error);

	if (rc != 0)
		return rc;
	rc = ztp_key_check(key, jwt->signed_text.p, jwt->signed_text.n,
			   jwt->signature, jwt->signature_len);
	if (rc == ZTP_ERR_PROOF)
		return ztp_fail(error, ZTP_ERR_PROOF_KEY,
				"JWT: the signature does not match the key");
	return rc == 0 ? 0 : out_of_memory(error);
}

int ztp_jwt_verify(struct ztp_jwt_claims *claims, const char *jwt, size_t len,
		   const struct ztp_key *key, const struct ztp_jwt_rules *rules,
		   struct ztp_error *error)
{
	struct ztp_jwt read = {.algorithm = ""};
	int rc = ztp_jwt_read(&read, jwt, len, rules, error);

	if (rc == 0)
		rc = ztp_jwt_prove(&read, key, error);
	if (rc == 0 && claims)
		*claims = read.claims;
	return rc;
}
