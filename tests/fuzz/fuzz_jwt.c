/* Proofs. The first byte chooses key and rules, and whether the rest is a JWT
 * as it stands (which nobody has signed: never good) or a header and, after a
 * newline, claims that are signed here, so that what is looked at after a
 * good signature is reached, too. */
#include "fuzz.h"

#include "tests/unit/certs.h"
#include "ztp/jwt.h"

#define PATH "subscriptions/acme/registries/plant-7/devices/pump-42"

enum { KEY_CHOICE = 3, WITH_AUDIENCE = 0x40, SIGNED = 0x80 };

struct pair {
	EVP_PKEY *private;
	struct ztp_key *public;
};

/* P-256 twice: RSA is slow, and differs in the signature alone. */
static const char *const kinds[] = {"ec:P-256", "ec:P-384", "rsa:2048",
				    "ec:P-256"};

/* Made when first asked for; kept for the life of the process. */
static const struct pair *pair_of(int choice)
{
	static struct pair pairs[sizeof(kinds) / sizeof(*kinds)];
	struct pair *pair = &pairs[choice];
	uint8_t *spki;
	size_t len;

	if (pair->public)
		return pair;
	pair->private = certs_key(kinds[choice]);
	spki = certs_spki(pair->private, &len);
	MUST(ztp_key_from_spki(&pair->public, spki, len, NULL) == 0);
	free(spki);
	return pair;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int choice = size > 0 ? data[0] : 0, rc;
	const struct pair *pair = pair_of(choice & KEY_CHOICE);
	struct ztp_jwt_rules rules = {.now_ms = FUZZ_NOW,
				      .skew_ms = ZTP_JWT_SKEW_MS};
	struct ztp_jwt_claims claims;
	struct ztp_path path;
	char *header, *text, *jwt;

	if (size < 1)
		return 0;
	data++, size--;
	MUST(ztp_path_parse(&path, PATH, strlen(PATH), NULL) == 0);
	rules.path = &path;
	if (choice & WITH_AUDIENCE)
		rules.audience = "acme/plant-7";
	if (!(choice & SIGNED)) {
		MUST(ztp_jwt_verify(&claims, (const char *)data, size,
				    pair->public, &rules, NULL) != 0);
		return 0;
	}
	header = fuzz_line(&data, &size);
	text = fuzz_line(&data, &size);
	jwt = certs_jwt(pair->private, header, text);
	rc = ztp_jwt_verify(&claims, jwt, strlen(jwt), pair->public, &rules,
			    NULL);
	if (rc == 0) {
		MUST(claims.issued_ms <= FUZZ_NOW + ZTP_JWT_SKEW_MS);
		MUST(claims.expires_ms >= FUZZ_NOW - ZTP_JWT_SKEW_MS);
		MUST(claims.expires_ms - claims.issued_ms <=
		     ZTP_JWT_LIFETIME_MS);
		MUST(!rules.audience || strstr(text, "\"aud\"") ||
		     strchr(text, '\\'));
	}
	free(jwt);
	free(text);
	free(header);
	return 0;
}
