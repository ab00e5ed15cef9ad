/*
 * A compact JWS (RFC 7515 section 3.1) with the claims of a JWT. The order of
 * the checks is by what they cost a stranger and us: shape, header, claims,
 * and only then the signature. What is read before the signature decides
 * nothing but a refusal. The algorithm is not the token's to choose: it
 * follows from the key, and the header must say the same, which leaves no room
 * for "none" or for a public key taken as an HMAC secret.
 */
#include <string.h>
#include <strings.h>

#include "ztp/json.h"
#include "ztp/jwt.h"

#define SIGNATURE_MAX 512	     /* RSA 4096 */
#define SECONDS_MAX   253402300799LL /* 9999-12-31T23:59:59Z */

struct parts {
	struct ztp_str header, payload, signature;
	struct ztp_str signed_text; /* header "." payload */
};

static int refuse(struct ztp_error *error, const char *why)
{
	return ztp_fail(error, ZTP_ERR_PROOF, "JWT: %s", why);
}

/* The text up to the next '.', which is taken as well. */
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
	parts->signature = rest; /* a third '.' is no base64url */
	parts->signed_text.p = jwt;
	parts->signed_text.n = len - rest.n - 1;
	return true;
}

/* Decodes to text (ZTP_JWT_MAX bytes) and to a tree that is an object. */
static bool read_object(cJSON **tree, char *text, size_t *text_len,
			struct ztp_str part)
{
	long len = ztp_base64url_decode(text, ZTP_JWT_MAX, part.p, part.n);

	if (len <= 0 ||
	    ztp_json_parse(tree, text, (size_t)len, ZTP_JWT_MAX, NULL) != 0)
		return false;
	*text_len = (size_t)len;
	return cJSON_IsObject(*tree);
}

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *algorithm_of(const struct ztp_key *key)
{
	if (ztp_key_algorithm(key) == ZTP_KEY_RSA)
		return ZTP_JWT_RSA;
	return ztp_key_bits(key) == 384 ? ZTP_JWT_EC_384 : ZTP_JWT_EC_256;
}

static int check_header(struct ztp_str part, const struct ztp_key *key,
			struct ztp_error *error)
{
	char text[ZTP_JWT_MAX];
	size_t len;
	cJSON *tree = NULL;
	const cJSON *alg, *typ;
	int rc = 0;

	if (!read_object(&tree, text, &len, part)) {
		rc = refuse(error, "the header is no JSON object in base64url");
		goto out;
	}
	alg = member(tree, "alg");
	typ = member(tree, "typ");
	if (!cJSON_IsString(alg) ||
	    strcmp(alg->valuestring, algorithm_of(key)) != 0)
		rc = refuse(error, "alg does not agree with the key");
	else if (typ && (!cJSON_IsString(typ) ||
			 strcasecmp(typ->valuestring, "JWT") != 0))
		rc = refuse(error, "typ is not JWT");
	else if (member(tree, "crit"))
		rc = refuse(error, "crit asks for what is not understood");
out:
	cJSON_Delete(tree);
	return rc;
}

/* A NumericDate written as an integer, in ms. The text is asked, not the
 * tree, in which 1.7e9 and 1700000000 are the same double. */
static bool read_date(int64_t *ms, struct ztp_str text, const char *name)
{
	struct ztp_str digits;
	int64_t seconds = 0;

	if (!ztp_json_member(&digits, text.p, text.n, name) || digits.n == 0 ||
	    digits.n > 12)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
		seconds = seconds * 10 + (digits.p[i] - '0');
	}
	*ms = seconds * 1000;
	return seconds <= SECONDS_MAX;
}

static int check_times(struct ztp_jwt_claims *claims, const cJSON *tree,
		       struct ztp_str text, const struct ztp_jwt_rules *rules,
		       struct ztp_error *error)
{
	int64_t not_before, lifetime;

	if (!read_date(&claims->issued_ms, text, "iat"))
		return refuse(error, "iat is missing or no integer");
	if (!read_date(&claims->expires_ms, text, "exp"))
		return refuse(error, "exp is missing or no integer");
	lifetime = claims->expires_ms - claims->issued_ms;
	if (lifetime <= 0)
		return refuse(error, "exp is not after iat");
	if (lifetime > ZTP_JWT_LIFETIME_MS)
		return refuse(error, "lifetime longer than 24 hours");
	if (claims->issued_ms > rules->now_ms + rules->skew_ms)
		return refuse(error, "iat is in the future");
	if (rules->now_ms >= claims->expires_ms + rules->skew_ms)
		return ztp_fail(
			error, ZTP_ERR_PROOF_EXPIRED, "JWT: expired %lld s ago",
			(long long)(rules->now_ms - claims->expires_ms) / 1000);
	if (member(tree, "nbf") &&
	    (!read_date(&not_before, text, "nbf") ||
	     not_before > rules->now_ms + rules->skew_ms))
		return refuse(error, "nbf is no integer or in the future");
	return 0;
}

/* RFC 7519 4.1.3: one string, or an array of them */
static bool audience_matches(const cJSON *aud, const char *audience)
{
	const cJSON *item;

	if (cJSON_IsString(aud))
		return strcmp(aud->valuestring, audience) == 0;
	if (!cJSON_IsArray(aud))
		return false;
	cJSON_ArrayForEach (item, aud) {
		if (cJSON_IsString(item) &&
		    strcmp(item->valuestring, audience) == 0)
			return true;
	}
	return false;
}

static bool is_path(const cJSON *sub, const struct ztp_path *path)
{
	return cJSON_IsString(sub) &&
	       strlen(sub->valuestring) == path->whole.n &&
	       memcmp(sub->valuestring, path->whole.p, path->whole.n) == 0;
}

static int check_claims(struct ztp_jwt_claims *claims, struct ztp_str part,
			const struct ztp_jwt_rules *rules,
			struct ztp_error *error)
{
	char text[ZTP_JWT_MAX];
	size_t len;
	cJSON *tree = NULL;
	const cJSON *sub;
	int rc = 0;

	if (!read_object(&tree, text, &len, part)) {
		rc = refuse(error, "the claims are no JSON object in "
				   "base64url");
		goto out;
	}
	rc = check_times(claims, tree, (struct ztp_str){text, len}, rules,
			 error);
	if (rc)
		goto out;
	if (rules->audience &&
	    !audience_matches(member(tree, "aud"), rules->audience)) {
		rc = ztp_fail(error, ZTP_ERR_PROOF_AUDIENCE,
			      "JWT: aud is not the registry's audience");
		goto out;
	}
	sub = member(tree, "sub");
	if (sub && rules->path && !is_path(sub, rules->path))
		rc = refuse(error, "sub is not the device path");
out:
	cJSON_Delete(tree);
	return rc;
}

int ztp_jwt_verify(struct ztp_jwt_claims *claims, const char *jwt, size_t len,
		   const struct ztp_key *key, const struct ztp_jwt_rules *rules,
		   struct ztp_error *error)
{
	uint8_t signature[SIGNATURE_MAX];
	struct ztp_jwt_claims found = {0, 0};
	struct parts parts;
	long signature_len;
	int rc;

	if (len > ZTP_JWT_MAX)
		return refuse(error, "longer than 16 KiB");
	if (!split(&parts, jwt, len))
		return refuse(error, "not three parts");
	signature_len =
		ztp_base64url_decode(signature, sizeof signature,
				     parts.signature.p, parts.signature.n);
	if (signature_len < 0)
		return refuse(error, "the signature is no base64url");
	rc = check_header(parts.header, key, error);
	if (rc)
		return rc;
	rc = check_claims(&found, parts.payload, rules, error);
	if (rc)
		return rc;
	if (!ztp_key_verify(key, parts.signed_text.p, parts.signed_text.n,
			    signature, (size_t)signature_len))
		return refuse(error, "the signature is not the key's");
	if (claims)
		*claims = found;
	return 0;
}
