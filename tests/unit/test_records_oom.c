/* Memory runs out at the first, the second, the n-th allocation of cJSON:
 * each time the answer is ZTP_ERR_NOMEM, nothing leaks (LeakSanitizer), and
 * nothing half-built is handed out. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"
#include "ztp/command.h"
#include "ztp/pending.h"
#include "ztp/request.h"
#include "ztp/result.h"

#define PATH	   "subscriptions/a/registries/b/devices/c"
#define MANY	   300 /* more allocations than any record needs */
#define NEVER_FAIL -1

/* cJSON's hooks take no context. */
static int allocations_left = NEVER_FAIL;

static void *failing_malloc(size_t n)
{
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	return malloc(n);
}

static int set_up(void **state)
{
	cJSON_Hooks hooks = {failing_malloc, free};

	(void)state;
	cJSON_InitHooks(&hooks);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	cJSON_InitHooks(NULL);
	return 0;
}

/* Runs it with ever more memory until it succeeds; at least `least` times it
 * must have failed before. */
static void starve(int (*run)(struct ztp_error *error), int least)
{
	struct ztp_error error;
	int rc = ZTP_ERR_NOMEM, n;

	for (n = 0; n < MANY && rc; n++) {
		memset(&error, 0, sizeof(error));
		allocations_left = n;
		rc = run(&error);
		allocations_left = NEVER_FAIL;
		if (rc) {
			exact_code("starved", rc, ZTP_ERR_NOMEM);
			assert_int_equal(error.code, ZTP_ERR_NOMEM);
		}
	}
	assert_int_equal(rc, 0);
	assert_true(n > least);
}

static int run_request(struct ztp_error *error)
{
	static char name[] = "DNS:x";
	char *names[] = {name};
	struct ztp_cert cert = {.subject = "CN=s",
				.issuer = "CN=i",
				.san_count = 1,
				.san = names};
	struct ztp_path path;
	struct ztp_request request = {
		.id = "r", .path = &path, .cert = &cert, .decision_topic = "d"};
	char *json;
	int rc;

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
	static uint8_t data[] = "{}";
	struct ztp_payload payload = {
		.kind = kind, .data = data, .len = 2, .content_type = "a/b"};
	const struct ztp_command command = {.request_id = "r",
					    .path = PATH,
					    .status = "approved",
					    .reason = "r",
					    .message = "m",
					    .payload = &payload};
	struct ztp_command_bytes bytes;
	int rc = ztp_command_build(&bytes, ZTP_COMMAND_ENVELOPE, &command,
				   error);

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
		"{\"request_id\":\"r\",\"status\":\"applied\"}";
	struct ztp_applied applied;

	return ztp_applied_parse(&applied, text, sizeof(text) - 1, error);
}

static int run_decision(struct ztp_error *error)
{
	/* data_base64 of {"request_id":"r","isApprove":true} */
	static const char text[] =
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\","
		"\"type\":\"t\",\"data_base64\":\"eyJyZXF1ZXN0X2lkIjoiciIsIm"
		"lzQXBwcm92ZSI6dHJ1ZX0=\"}";
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

static int run_salvage(struct ztp_error *error)
{
	static const char text[] =
		"{\"request_id\":\"r\",\"device_path\":\"" PATH
		"\",\"attempt\":1,"
		"\"received_at\":\"2026-01-02T03:04:05.678Z\"}";
	char *json;
	int rc = ztp_pending_salvage(&json, NULL, text, sizeof(text) - 1);

	assert_int_equal(rc == 0, json != NULL);
	free(json);
	if (rc)
		error->code = (enum ztp_err)rc;
	return rc;
}

static void every_allocation_can_fail(void **state)
{
	(void)state;
	starve(run_request, 40);
	starve(run_result, 20);
	starve(run_json, 20);
	starve(run_bytes, 20);
	starve(run_text, 20);
	starve(run_applied, 4);
	starve(run_decision, 15);
	starve(run_salvage, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_allocation_can_fail,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
