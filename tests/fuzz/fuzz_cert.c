/* Certificates, as text and as DER, up to the request that a customer sees:
 * whatever was let in, OpenSSL reads the same in it, the record is JSON, and no
 * certificate is its own CA. */
#include "fuzz.h"

#include "tests/unit/cert_oracle.h"
#include "ztp/chain.h"
#include "ztp/json.h"
#include "ztp/key.h"
#include "ztp/request.h"

#define PATH "subscriptions/acme/registries/plant-7/devices/pump-42"

static void describe(const struct ztp_cert *cert)
{
	struct ztp_request request = {.id = "r-1",
				      .cert = cert,
				      .attempt = 1,
				      .contenders = 1,
				      .decision_topic = "ztp.decisions"};
	struct ztp_path path;
	char *json = NULL;

	MUST(ztp_path_parse(&path, PATH, strlen(PATH), NULL) == 0);
	request.path = &path;
	MUST(ztp_request_build(&json, &request, NULL, NULL) == 0);
	MUST(ztp_json_check(json, strlen(json), 1 << 20, NULL) == 0);
	MUST(!strstr(json, "BEGIN CERTIFICATE"));
	free(json);
}

static void look_at(const struct ztp_cert *cert)
{
	const char *der = (const char *)cert->der;
	struct ztp_key *key = NULL;
	struct ztp_cert again;

	MUST(cert->spki.p >= der &&
	     cert->spki.p + cert->spki.n <= der + cert->der_len);
	MUST(cert->not_before <= cert->not_after);
	MUST(cert->san_count <= ZTP_SAN_MAX && *cert->serial);
	MUST(!cert_oracle_differs(cert));
	MUST(ztp_cert_parse_der(&again, der, cert->der_len, NULL) == 0);
	MUST(memcmp(again.fingerprint, cert->fingerprint, ZTP_SHA256_LEN) == 0);
	ztp_cert_clear(&again);
	(void)ztp_cert_check_leaf(cert, FUZZ_NOW, NULL);
	if (ztp_key_from_spki(&key, cert->spki.p, cert->spki.n, NULL) == 0)
		MUST(ztp_key_bits(key) == cert->key_bits);
	ztp_key_free(key);
	describe(cert);
}

static void as_ca(const struct ztp_cert *leaf, const char *text, size_t size)
{
	struct ztp_ca *ca = NULL;

	if (ztp_ca_parse(&ca, text, size, NULL) != 0)
		return;
	MUST(ztp_chain_check(leaf, &ca, 1, FUZZ_NOW, NULL, NULL) != 0);
	ztp_ca_free(ca);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct ztp_key *key = NULL;
	struct ztp_cert cert;

	if (ztp_cert_parse(&cert, text, size, NULL) == 0) {
		look_at(&cert);
		as_ca(&cert, text, size);
		ztp_cert_clear(&cert);
	}
	if (ztp_cert_parse_der(&cert, data, size, NULL) == 0) {
		look_at(&cert);
		ztp_cert_clear(&cert);
	}
	if (ztp_key_from_pem(&key, text, size, NULL) == 0)
		ztp_key_free(key);
	return 0;
}
