/* The sanitized request: its members in order, and what the configuration may
 * leave out. */
#include "ztp/request.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "tests/unit/certs.h"
#include "tests/unit/exact.h"

#define PATH	     "subscriptions/acme/registries/plant-7/devices/pump-42"
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *const optional[] = {
	"device.subscription",
	"device.registry",
	"device.id",
	"certificate.subject",
	"certificate.issuer",
	"certificate.serial",
	"certificate.not_before",
	"certificate.not_after",
	"certificate.public_key",
	"certificate.public_key.algorithm",
	"certificate.public_key.bits",
	"certificate.public_key.spki_sha256",
	"certificate.subject_alt_names",
	"received_at",
	"attempt",
	"contenders",
	"decision_topic",
};

static const char *const required[] = {
	"request_id",
	"device",
	"device.path",
	"certificate",
	"certificate.fingerprint_sha256",
	"expires_at",
	"subject",
	"Attempt",
	"certificate.",
	"",
};

static void make_cert(struct ztp_cert *cert)
{
	static char dns[] = "DNS:a \"b\"", ip[] = "IP:192.0.2.7";
	static char *san[] = {dns, ip};

	memset(cert, 0, sizeof(*cert));
	memset(cert->fingerprint, 0x9f, ZTP_SHA256_LEN);
	memset(cert->spki_sha256, 0x0a, ZTP_SHA256_LEN);
	cert->key_algorithm = ZTP_KEY_RSA;
	cert->key_bits = 2048;
	cert->not_before = 0;
	cert->not_after = 1000;
	memcpy(cert->serial, "14fd", sizeof("14fd"));
	memcpy(cert->subject, "CN=a\\,b", sizeof("CN=a\\,b"));
	memcpy(cert->issuer, "CN=registry-ca", sizeof("CN=registry-ca"));
	cert->san_count = 2;
	cert->san = san;
}

static char *build(const struct ztp_cert *cert, const char *const *omit)
{
	struct ztp_path path;
	struct ztp_request request = {
		.id = "0192f3a1-x",
		.path = &path,
		.cert = cert,
		.received_at = 1500,
		.expires_at = 86401500,
		.attempt = 2,
		.contenders = 3,
		.decision_topic = "ztp.decisions",
	};
	char *json;

	assert_int_equal(ztp_path_parse(&path, PATH, strlen(PATH), NULL), 0);
	assert_int_equal(ztp_request_build(&json, &request, omit, NULL), 0);
	assert_int_equal(ztp_json_check(json, strlen(json), 1 << 20, NULL), 0);
	return json;
}

static void the_whole_record(void **state)
{
	struct ztp_cert cert;
	char *json;

	(void)state;
	make_cert(&cert);
	json = build(&cert, NULL);
	assert_string_equal(
		json,
		"{\"request_id\":\"0192f3a1-x\",\"device\":{\"path\":\"" PATH
		"\",\"subscription\":\"acme\",\"registry\":\"plant-7\","
		"\"id\":\"pump-42\"},\"certificate\":{\"fingerprint_sha256\":"
		"\"9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f"
		"9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f\","
		"\"subject\":\"CN=a\\\\,b\",\"issuer\":\"CN=registry-ca\","
		"\"serial\":\"14fd\","
		"\"not_before\":\"1970-01-01T00:00:00.000Z\","
		"\"not_after\":\"1970-01-01T00:00:01.000Z\","
		"\"public_key\":{\"algorithm\":\"RSA\",\"bits\":2048,"
		"\"spki_sha256\":\"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
		"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a\"},"
		"\"subject_alt_names\":[\"DNS:a \\\"b\\\"\","
		"\"IP:192.0.2.7\"]},"
		"\"received_at\":\"1970-01-01T00:00:01.500Z\","
		"\"expires_at\":\"1970-01-02T00:00:01.500Z\",\"attempt\":2,"
		"\"contenders\":3,\"decision_topic\":\"ztp.decisions\"}");
	free(json);
}

static void ec_and_no_names(void **state)
{
	struct ztp_cert cert;
	char *json;

	(void)state;
	make_cert(&cert);
	cert.key_algorithm = ZTP_KEY_EC;
	cert.key_bits = 384;
	cert.san_count = 0;
	cert.san = NULL;
	json = build(&cert, NULL);
	assert_non_null(strstr(json, "{\"algorithm\":\"EC\",\"bits\":384,"));
	assert_non_null(strstr(json, ",\"subject_alt_names\":[]}"));
	free(json);
}

/* The member at a dotted name, or NULL. */
static cJSON *at(cJSON *tree, const char *field)
{
	char *names = strdup(field), *rest = names, *name;

	assert_non_null(names);
	while (tree && (name = strsep(&rest, ".")))
		tree = cJSON_GetObjectItemCaseSensitive(tree, name);
	free(names);
	return tree;
}

static cJSON *record_without(const char *const *omit)
{
	struct ztp_cert cert;
	cJSON *tree;
	char *json;

	make_cert(&cert);
	json = build(&cert, omit);
	assert_int_equal(
		ztp_tree_parse(&tree, json, strlen(json), 1 << 20, NULL), 0);
	free(json);
	return tree;
}

static void what_may_be_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(optional); i++) {
		const char *omit[] = {optional[i], NULL};
		cJSON *tree = record_without(omit);

		assert_true(ztp_request_may_omit(optional[i]));
		assert_null(at(tree, optional[i]));
		for (size_t j = 0; j < COUNT(optional); j++)
			if (strncmp(optional[j], optional[i],
				    strlen(optional[i])) != 0)
				assert_non_null(at(tree, optional[j]));
		cJSON_Delete(tree);
	}
}

static void what_may_not(void **state)
{
	cJSON *whole = record_without(NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(required); i++) {
		const char *omit[] = {required[i], NULL};
		cJSON *tree = record_without(omit);

		assert_false(ztp_request_may_omit(required[i]));
		assert_true(cJSON_Compare(tree, whole, true));
		cJSON_Delete(tree);
	}
	cJSON_Delete(whole);
}

static void all_left_out_is_still_a_question(void **state)
{
	const char *omit[COUNT(optional) + 1] = {NULL};
	struct ztp_cert cert;
	char *json;

	(void)state;
	memcpy(omit, optional, sizeof(optional));
	make_cert(&cert);
	json = build(&cert, omit);
	assert_string_equal(
		json,
		"{\"request_id\":\"0192f3a1-x\",\"device\":{\"path\":\"" PATH
		"\"},\"certificate\":{\"fingerprint_sha256\":"
		"\"9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f"
		"9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f\"},"
		"\"expires_at\":\"1970-01-02T00:00:01.500Z\"}");
	free(json);
}

/* Only the listed parts of the certificate reach the record. */
static void no_der_no_pem_no_key(void **state)
{
	EVP_PKEY *key = certs_key("rsa:2048");
	X509 *x509 = certs_make(&(struct certs_spec){.key = key});
	char *base64 = certs_base64(x509);
	struct ztp_cert cert;
	char *json;

	(void)state;
	assert_int_equal(ztp_cert_parse(&cert, base64, strlen(base64), NULL),
			 0);
	json = build(&cert, NULL);
	assert_null(strstr(json, "BEGIN"));
	for (size_t i = 0; i + 24 <= strlen(base64); i++) {
		char piece[25] = "";

		memcpy(piece, base64 + i, 24);
		assert_null(strstr(json, piece));
	}
	assert_non_null(strstr(json, "\"subject\":\"CN=unused-device\""));
	assert_non_null(strstr(json, "\"bits\":2048"));
	free(json);
	ztp_cert_clear(&cert);
	free(base64);
	X509_free(x509);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_record),
		cmocka_unit_test(ec_and_no_names),
		cmocka_unit_test(what_may_be_left_out),
		cmocka_unit_test(what_may_not),
		cmocka_unit_test(all_left_out_is_still_a_question),
		cmocka_unit_test(no_der_no_pem_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
