/* Memory runs out at the first, the second, the n-th allocation. Each time the
 * result is ZTP_ERR_NOMEM, nothing leaks (LeakSanitizer), and nothing
 * half-built is returned. */
#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "tests/unit/certs.h"
#include "tests/unit/exact.h"
#include "tests/unit/starve.h"
#include "ztp/command.h"
#include "ztp/jwt.h"
#include "ztp/pending.h"
#include "ztp/request.h"
#include "ztp/result.h"

#define PATH "subscriptions/a/registries/b/devices/c"
#define MANY 300 /* more allocations than any record needs */

/* Runs it with one more allocation each time until it succeeds. It must have
 * failed at least `least` times before. */
static void starve(int (*run)(struct ztp_error *error), int least)
{
	struct ztp_error error;
	int rc = ZTP_ERR_NOMEM, n;

	for (n = 0; n < MANY && rc; n++) {
		memset(&error, 0, sizeof(error));
		allocations_left = n;
		rc = run(&error);
		allocations_left = STARVE_NEVER;
		if (rc) {
			exact_code("starved", rc, ZTP_ERR_NOMEM);
			assert_int_equal(error.code, ZTP_ERR_NOMEM);
		}
	}
	assert_int_equal(rc, 0);
	assert_true(n > least); /* the last one succeeded */
}

/* Longer than the initial buffer for a record. */
static int run_request(struct ztp_error *error)
{
	static char name[2500];
	char *names[] = {name, name};
	struct ztp_cert cert = {.subject = "CN=s",
				.issuer = "CN=i",
				.san_count = 2,
				.san = names};
	struct ztp_path path;
	struct ztp_request request = {
		.id = "r", .path = &path, .cert = &cert, .decision_topic = "d"};
	char *json;
	int rc;

	memset(name, 'x', sizeof(name) - 1);
	assert_int_equal(ztp_path_parse(&path, PATH, strlen(PATH), NULL), 0);
	rc = ztp_request_build(&json, &request, NULL, error);
	assert_int_equal(rc == 0, json != NULL);
	free(json);
	return rc;
}

static int run_result(struct ztp_error *error)
{
	const struct ztp_result result = {.request_id = "r",
					  .path = PATH,
					  .message = "m",
					  .decision = {"d", 1, 2},
					  .delivered_at = 1};
	char *json;
	int rc = ztp_result_build(&json, &result, error);

	assert_int_equal(rc == 0, json != NULL);
	free(json);
	return rc;
}

static int run_command(struct ztp_error *error, enum ztp_payload_kind kind)
{
	static uint8_t data[3000];
	struct ztp_payload payload = {.kind = kind,
				      .data = data,
				      .len = sizeof(data),
				      .content_type = "a/b"};
	const struct ztp_command command = {.request_id = "r",
					    .path = PATH,
					    .status = "approved",
					    .reason = "r",
					    .message = "m",
					    .payload = &payload};
	struct ztp_command_bytes bytes;
	int rc;

	memset(data, '1', sizeof(data));
	rc = ztp_command_build(&bytes, ZTP_COMMAND_ENVELOPE, &command, error);
	if (!rc)
		ztp_command_clear(&bytes);
	return rc;
}

static int run_json(struct ztp_error *error)
{
	return run_command(error, ZTP_PAYLOAD_JSON);
}

static int run_bytes(struct ztp_error *error)
{
	return run_command(error, ZTP_PAYLOAD_BYTES);
}

static int run_text(struct ztp_error *error)
{
	return run_command(error, ZTP_PAYLOAD_TEXT);
}

static int run_applied(struct ztp_error *error)
{
	static const char text[] =
		"{\"request_id\":\"\\u0072\",\"status\":\"applied\"}";
	struct ztp_applied applied;

	return ztp_applied_parse(&applied, text, sizeof(text) - 1, error);
}

static int run_decision(struct ztp_error *error)
{
	/* data_base64, with an escape, of {"request_id":"\u0072",
	 * "device_path":"subscriptions/a/registries/b/devices/c",
	 * "decision":"approve","payload_base64":"AAEC",
	 * "metadata":{"k":"v"}} */
	static const char text[] =
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\","
		"\"type\":\"t\",\"data_base64\":\""
		"\\u0065yJyZXF1ZXN0X2lkIjoiXHUwMDcyIiwiZGV2aWNlX3BhdGgiO"
		"iJzdWJzY3JpcHRpb25zL2EvcmVnaXN0cmllcy9iL2RldmljZXMvYyI"
		"sImRlY2lzaW9uIjoiYXBwcm92ZSIsInBheWxvYWRfYmFzZTY0IjoiQ"
		"UFFQyIsIm1ldGFkYXRhIjp7ImsiOiJ2In19"
		"\"}";
	static const char type[] = "application/cloudevents+json";
	const struct ztp_header header = {"content-type",
					  {type, sizeof(type) - 1}};
	struct ztp_decision decision;
	int rc = ztp_decision_parse(&decision, text, sizeof(text) - 1, &header,
				    1, error);

	if (!rc)
		ztp_decision_clear(&decision);
	return rc;
}

/* Escapes in everything, as some libraries write '/', and in `aud` more keys
 * than fit on the stack. */
static char jwt[4096];

static void make_jwt(void)
{
	static const char header[] =
		"{\"alg\":\"ES25\\u0036\",\"typ\":\"\\u004aWT\"}";
	char keys[1024] = "", claims[2048], *parts[2];
	size_t n = 0;

	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(keys + n, sizeof(keys) - n, "%s\"%d\":1",
				      i ? "," : "", i);
	n = (size_t)snprintf(claims, sizeof(claims),
			     "{\"iat\":1767323000,\"exp\":1767326600,"
			     "\"sub\":\"\\u0073%s\",\"aud\":[{%s},\"a\"]}",
			     PATH + 1, keys);
	parts[0] = certs_base64url(header, sizeof(header) - 1);
	parts[1] = certs_base64url(claims, n);
	snprintf(jwt, sizeof(jwt), "%s.%s.AAAA", parts[0], parts[1]);
	free(parts[0]);
	free(parts[1]);
}

static int run_jwt(struct ztp_error *error)
{
	struct ztp_path path;
	const struct ztp_jwt_rules rules = {
		.audience = "a", .path = &path, .now_ms = CERTS_NOW};
	struct ztp_jwt read;

	assert_int_equal(ztp_path_parse(&path, PATH, strlen(PATH), NULL), 0);
	return ztp_jwt_read(&read, jwt, strlen(jwt), &rules, error);
}

/* {"client_id":…,"username":…} with a name and an escape in everything. */
static char event[4096];

static void make_event(void)
{
	static const char *const extensions[] = {
		"subjectAltName", "DNS:a.example,RID:1.2.3", NULL};
	EVP_PKEY *key = certs_key("ec:P-256");
	X509 *x509 =
		certs_make(&(struct certs_spec){.key = key,
						.subject = "/CN=Zo\xc3\xab",
						.extensions = extensions});
	char *pem = certs_pem(x509), *escaped = certs_lines(pem, "\\n");

	snprintf(event, sizeof(event),
		 "{\"client_id\":\"\\u0073"
		 "%s\",\"username\":\"%s\"}",
		 PATH + 1, escaped);
	free(escaped);
	free(pem);
	X509_free(x509);
	EVP_PKEY_free(key);
}

static int run_pending(struct ztp_error *error)
{
	struct ztp_pending pending;
	int rc = ztp_pending_parse(&pending, event, strlen(event), CERTS_NOW,
				   error);

	if (!rc)
		ztp_pending_clear(&pending);
	return rc;
}

static int run_salvage(struct ztp_error *error)
{
	static const char text[] =
		"{\"request_id\":\"\\u0072\",\"device_path\":\"" PATH
		"\",\"attempt\":1,"
		"\"received_at\":\"2026-01-02T03:04:05.678Z\"}";
	struct ztp_salvaged salvaged;
	int rc = ztp_pending_salvage(&salvaged, text, sizeof(text) - 1);

	assert_int_equal(rc == 0, salvaged.json != NULL);
	ztp_salvaged_clear(&salvaged);
	if (rc)
		error->code = (enum ztp_err)rc;
	return rc;
}

static int run_tree(struct ztp_error *error)
{
	static const char text[] =
		"{\"\\u0061\":[\"s\",1,null,true,{\"b\":{}}],\"c\":\"\\n\"}";
	cJSON *tree;
	int rc = ztp_tree_parse(&tree, text, sizeof(text) - 1, 1000, error);

	assert_int_equal(rc == 0, tree != NULL);
	cJSON_Delete(tree);
	return rc;
}

static void every_allocation_can_fail(void **state)
{
	(void)state;
	make_event();
	make_jwt();
	starve(run_request, 2);
	starve(run_result, 1);
	starve(run_json, 2);
	starve(run_bytes, 2);
	starve(run_text, 2);
	starve(run_applied, 1);
	starve(run_decision, 6);
	starve(run_jwt, 4);
	starve(run_salvage, 2);
	starve(run_tree, 15);
	starve(run_pending, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_can_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
