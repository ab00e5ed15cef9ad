/* What the device gets, byte for byte, and what it answers. */
#include "ztp/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"
#include "ztp/json.h"

#define PATH "subscriptions/a/registries/b/devices/c"
#define HEAD                                                                   \
	"{\"type\":\"provisioning\",\"request_id\":\"r-1\","                   \
	"\"status\":\"approved\",\"device_path\":\"" PATH "\""

/* data is copied into an allocation of exactly its size. */
static struct ztp_payload payload(enum ztp_payload_kind kind, const char *data,
				  size_t len, const char *type)
{
	struct ztp_payload made = {.kind = kind, .len = len};

	made.data = (uint8_t *)exact_copy(data, len);
	(void)snprintf(made.content_type, sizeof(made.content_type), "%s",
		       type);
	return made;
}

static void build_is(enum ztp_command_format format,
		     const struct ztp_command *command, const char *want,
		     size_t n, const char *type)
{
	struct ztp_command_bytes bytes;

	assert_int_equal(ztp_command_build(&bytes, format, command, NULL), 0);
	assert_non_null(bytes.data);
	assert_int_equal(bytes.len, n);
	assert_memory_equal(bytes.data, want, n);
	assert_string_equal(bytes.content_type, type);
	if (format == ZTP_COMMAND_ENVELOPE)
		assert_int_equal(ztp_json_check((char *)bytes.data, bytes.len,
						1 << 20, NULL),
				 0);
	ztp_command_clear(&bytes);
	ztp_command_clear(&bytes);
}

static void approved_is(enum ztp_command_format format,
			enum ztp_payload_kind kind, const char *data, size_t n,
			const char *type, const char *want,
			const char *want_type)
{
	struct ztp_payload made = payload(kind, data, n, type);
	struct ztp_command command = {.request_id = "r-1",
				      .path = PATH,
				      .status = "approved",
				      .payload = &made};

	build_is(format, &command, want, strlen(want), want_type);
	free(made.data);
}

static void envelope_without_payload(void **state)
{
	struct ztp_payload none = {.kind = ZTP_PAYLOAD_NONE};
	struct ztp_command command = {
		.request_id = "r-1", .path = PATH, .status = "approved"};

	(void)state;
	build_is(ZTP_COMMAND_ENVELOPE, &command, HEAD "}", strlen(HEAD "}"),
		 "application/json");
	command.payload = &none;
	command.reason = command.message = "";
	build_is(ZTP_COMMAND_ENVELOPE, &command, HEAD "}", strlen(HEAD "}"),
		 "application/json");
}

static void envelope_of_a_rejection(void **state)
{
	static const char want[] =
		"{\"type\":\"provisioning\",\"request_id\":\"r-1\","
		"\"status\":\"rejected\",\"device_path\":\"" PATH
		"\",\"reason\":\"expired\",\"message\":\"a \\\"b\\\"\\n\"}";
	struct ztp_command command = {.request_id = "r-1",
				      .path = PATH,
				      .status = "rejected",
				      .reason = "expired",
				      .message = "a \"b\"\n"};

	(void)state;
	build_is(ZTP_COMMAND_ENVELOPE, &command, want, strlen(want),
		 "application/json");
}

static void envelope_without_what_is_erased(void **state)
{
	static const char want[] = HEAD ",\"payload_erased\":true}";
	const struct ztp_command command = {.request_id = "r-1",
					    .path = PATH,
					    .status = "approved",
					    .payload_erased = true};

	(void)state;
	build_is(ZTP_COMMAND_ENVELOPE, &command, want, strlen(want),
		 "application/json");
}

static void envelope_keeps_json_as_written(void **state)
{
	static const char *const texts[] = {
		"null",
		"9007199254740993",
		"123456789012345678901234567890",
		"{ \"z\" : 1.000 , \"a\":[1E+2, -0.0], \"\\u0041\":\"\\/\" }",
		"\"\xf0\x9f\x98\x80\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *want = exact_print(HEAD ",\"payload\":%s}", texts[i]);

		approved_is(ZTP_COMMAND_ENVELOPE, ZTP_PAYLOAD_JSON, texts[i],
			    strlen(texts[i]), "", want, "application/json");
		free(want);
	}
}

static void envelope_of_bytes_and_text(void **state)
{
	(void)state;
	approved_is(ZTP_COMMAND_ENVELOPE, ZTP_PAYLOAD_BYTES, "\0\1\2\3", 4,
		    "application/cbor",
		    HEAD ",\"payload_base64\":\"AAECAw==\","
			 "\"content_type\":\"application/cbor\"}",
		    "application/json");
	approved_is(ZTP_COMMAND_ENVELOPE, ZTP_PAYLOAD_BYTES, "", 0, "",
		    HEAD ",\"payload_base64\":\"\"}", "application/json");
	approved_is(ZTP_COMMAND_ENVELOPE, ZTP_PAYLOAD_TEXT, "{\"a\":\t1}", 8,
		    "", HEAD ",\"payload\":\"{\\\"a\\\":\\t1}\"}",
		    "application/json");
	approved_is(ZTP_COMMAND_ENVELOPE, ZTP_PAYLOAD_TEXT, "", 0, "",
		    HEAD ",\"payload\":\"\"}", "application/json");
}

static void raw(void **state)
{
	(void)state;
	approved_is(ZTP_COMMAND_RAW, ZTP_PAYLOAD_JSON, "\"q\"", 3, "", "\"q\"",
		    "application/json");
	approved_is(ZTP_COMMAND_RAW, ZTP_PAYLOAD_JSON, "{ \"a\":1.0 }", 11,
		    "application/x+json", "{ \"a\":1.0 }",
		    "application/x+json");
	approved_is(ZTP_COMMAND_RAW, ZTP_PAYLOAD_TEXT, "a\n\"b\"", 5, "",
		    "a\n\"b\"", "text/plain");
	approved_is(ZTP_COMMAND_RAW, ZTP_PAYLOAD_BYTES, "bin", 3, "", "bin",
		    "application/octet-stream");
	approved_is(ZTP_COMMAND_RAW, ZTP_PAYLOAD_BYTES, "", 0, "image/png", "",
		    "image/png");
}

static void raw_bytes_may_be_nul(void **state)
{
	struct ztp_payload made = payload(ZTP_PAYLOAD_BYTES, "\0\xff\0", 3, "");
	struct ztp_command command = {.request_id = "r",
				      .path = PATH,
				      .status = "approved",
				      .payload = &made};

	(void)state;
	build_is(ZTP_COMMAND_RAW, &command, "\0\xff\0", 3,
		 "application/octet-stream");
	free(made.data);
}

static void raw_without_payload_is_empty(void **state)
{
	struct ztp_command command = {.request_id = "r",
				      .path = PATH,
				      .status = "rejected",
				      .reason = "x"};

	(void)state;
	build_is(ZTP_COMMAND_RAW, &command, "", 0, "");
}

static void a_full_payload_fits(void **state)
{
	char *data = malloc(ZTP_PAYLOAD_MAX);
	struct ztp_payload made;
	struct ztp_command command = {
		.request_id = "r", .path = PATH, .status = "approved"};
	struct ztp_command_bytes bytes;

	(void)state;
	assert_non_null(data);
	memset(data, 1, ZTP_PAYLOAD_MAX);
	made = payload(ZTP_PAYLOAD_TEXT, data, ZTP_PAYLOAD_MAX, "");
	command.payload = &made;
	assert_int_equal(
		ztp_command_build(&bytes, ZTP_COMMAND_ENVELOPE, &command, NULL),
		0);
	assert_true(bytes.len > 6 * ZTP_PAYLOAD_MAX); /* \u0001 each */
	ztp_command_clear(&bytes);
	ztp_command_clear(NULL);
	free(made.data);
	free(data);
}

/* The whole path of a payload, from the customer's text to the device's. */
static void from_decision_to_device(void **state)
{
	static const char text[] =
		"{\"request_id\":\"r-1\",\"device_path\":\"" PATH
		"\",\"decision\":\"approve\",\"payload\": "
		"{\"n\":9007199254740993,\"b\":123456789012345678901234567890}"
		"}";
	static const char want[] =
		HEAD ",\"payload\":{\"n\":9007199254740993,"
		     "\"b\":123456789012345678901234567890}}";
	struct ztp_decision decision;
	struct ztp_command command = {.path = PATH, .status = "approved"};

	(void)state;
	assert_int_equal(ztp_decision_parse(&decision, text, strlen(text), NULL,
					    0, NULL),
			 0);
	command.request_id = decision.request_id;
	command.payload = &decision.payload;
	build_is(ZTP_COMMAND_ENVELOPE, &command, want, strlen(want),
		 "application/json");
	ztp_decision_clear(&decision);
}

/* --- the device's answer */

static int answer(struct ztp_applied *applied, const char *text)
{
	char *copy = exact_copy(text, strlen(text));
	int rc = ztp_applied_parse(applied, copy, strlen(text), NULL);

	free(copy);
	return rc;
}

static void answers(void **state)
{
	struct ztp_applied applied;

	(void)state;
	assert_int_equal(answer(&applied, "{\"request_id\":\"r-1\","
					  "\"status\":\"applied\",\"x\":1}"),
			 0);
	assert_true(applied.applied);
	assert_string_equal(applied.request_id, "r-1");
	assert_string_equal(applied.message, "");
	assert_int_equal(answer(&applied,
				"{\"request_id\":\"r-1\",\"status\":\"failed\""
				",\"message\":\"no space\"}"),
			 0);
	assert_false(applied.applied);
	assert_string_equal(applied.message, "no space");
}

static void answers_that_are_refused(void **state)
{
	static const struct {
		const char *text;
		int want;
	} lines[] = {
		{"", ZTP_ERR_EMPTY},
		{"applied", ZTP_ERR_JSON},
		{"[]", ZTP_ERR_TYPE},
		{"{}", ZTP_ERR_MISSING},
		{"{\"request_id\":\"r\"}", ZTP_ERR_MISSING},
		{"{\"status\":\"applied\"}", ZTP_ERR_MISSING},
		{"{\"request_id\":\"r\",\"status\":\"ok\"}", ZTP_ERR_VALUE},
		{"{\"request_id\":\"r\",\"status\":\"invalid\"}",
		 ZTP_ERR_VALUE},
		{"{\"request_id\":\"r\",\"status\":\"faulty\"}", ZTP_ERR_VALUE},
		{"{\"request_id\":\"r\",\"status\":\"applie\"}", ZTP_ERR_VALUE},
		{"{\"request_id\":\"r\",\"status\":true}", ZTP_ERR_TYPE},
		{"{\"request_id\":1,\"status\":\"applied\"}", ZTP_ERR_TYPE},
		{"{\"request_id\":\"r/s\",\"status\":\"applied\"}",
		 ZTP_ERR_VALUE},
		{"{\"request_id\":\"r\",\"status\":\"failed\","
		 "\"status\":\"applied\"}",
		 ZTP_ERR_DUPLICATE_KEY},
	};
	struct ztp_applied applied;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		exact_code(lines[i].text, answer(&applied, lines[i].text),
			   lines[i].want);
}

/* What firmware adds to a text by mistake, but cannot mean. */
static void answers_with_something_around_them(void **state)
{
#define SAID(status) "{\"request_id\":\"r-1\",\"status\":\"" status "\"}"
	static const struct {
		const char *text;
		size_t n;
		bool applied;
	} lines[] = {
#define LINE(text, applied) {text, sizeof(text) - 1, applied}
		LINE(SAID("applied") "\0", true),
		LINE(SAID("failed") "\0\0\0", false),
		LINE("\xef\xbb\xbf" SAID("applied"), true),
		LINE("\xef\xbb\xbf \n" SAID("applied") "\r\n\0", true),
		LINE(SAID("Applied"), true),
		LINE(SAID("APPLIED"), true),
		LINE(SAID("Failed"), false),
		LINE(SAID(" applied\\r\\n"), true),
#undef LINE
	};
	struct ztp_applied applied;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *copy = exact_copy(lines[i].text, lines[i].n);

		exact_code(lines[i].text,
			   ztp_applied_parse(&applied, copy, lines[i].n, NULL),
			   0);
		free(copy);
		assert_int_equal(applied.applied, lines[i].applied);
		assert_string_equal(applied.request_id, "r-1");
	}
}

/* Whatever a device has to say about it, it has applied its payload or not. */
static void a_message_that_is_no_string(void **state)
{
#define WITH(status, message)                                                  \
	"{\"request_id\":\"r-1\",\"status\":\"" status                         \
	"\",\"message\":" message "}"
	static const struct {
		const char *text, *message;
		bool applied;
	} lines[] = {
		{WITH("applied", "0"), "0", true},
		{WITH("failed", "-17"), "-17", false},
		{WITH("applied", "null"), "", true},
		{WITH("applied", "true"), "true", true},
		{WITH("failed", "{\"code\": 17}"), "{\"code\": 17}", false},
		{WITH("applied", "[]"), "[]", true},
	};
	struct ztp_applied applied;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		exact_code(lines[i].text, answer(&applied, lines[i].text), 0);
		assert_int_equal(applied.applied, lines[i].applied);
		assert_string_equal(applied.message, lines[i].message);
	}
#undef WITH
}

/* The customer reads why, and nothing of what may be a payload. */
static void why_an_answer_is_refused(void **state)
{
	static const struct {
		const char *text, *id, *why;
	} lines[] = {
		{"", "", "it is empty"},
		{" ", "", "it is empty"},
		{"secret", "", "neither"},
		{SAID("okay"), "r-1",
		 "the status \"okay\" is neither applied nor failed"},
		{SAID("a\\u0001\\u00e4"), "r-1",
		 "the status \"a?\xc3\xa4\" is neither applied nor failed"},
		{SAID("1234567890123456789012345678901\\u00e4"), "r-1",
		 "the status \"1234567890123456789012345678901\" is neither "
		 "applied nor failed"},
		{"{\"request_id\":\"r-1\"}", "r-1", "status is missing"},
		{"{\"status\":\"applied\"}", "", "request_id is missing"},
	};
	struct ztp_applied applied;
	struct ztp_error why;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char *copy = exact_copy(lines[i].text, strlen(lines[i].text));

		assert_true(ztp_applied_parse(&applied, copy,
					      strlen(lines[i].text), &why) < 0);
		free(copy);
		assert_null(strstr(why.message, "secret"));
		if (strcmp(lines[i].why, "neither") != 0)
			assert_string_equal(why.message, lines[i].why);
		assert_string_equal(applied.request_id, lines[i].id);
	}
}

static void a_long_answer(void **state)
{
	char *text = exact_print("{\"request_id\":\"r\",\"status\":\"failed\","
				 "\"message\":\"x%0*d\xe2\x82\xac\"}",
				 ZTP_MESSAGE_MAX - 2, 0);
	char *huge = exact_print("{\"request_id\":\"r\",\"status\":\"failed\","
				 "\"message\":\"%0*d\"}",
				 ZTP_APPLIED_MAX, 0);
	struct ztp_applied applied;

	(void)state;
	assert_int_equal(answer(&applied, text), 0);
	assert_int_equal(strlen(applied.message), ZTP_MESSAGE_MAX - 1);
	assert_int_equal(answer(&applied, huge), ZTP_ERR_TOO_LARGE);
	free(text);
	free(huge);
}

static void every_prefix_of_an_answer(void **state)
{
	static const char text[] = "{\"request_id\":\"r\",\"status\":"
				   "\"applied\",\"message\":\"m\"}";
	struct ztp_applied applied;

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *copy = exact_copy(text, n);

		assert_true(ztp_applied_parse(&applied, copy, n, NULL) < 0);
		free(copy);
	}
	assert_int_equal(answer(&applied, text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelope_without_payload),
		cmocka_unit_test(envelope_of_a_rejection),
		cmocka_unit_test(envelope_without_what_is_erased),
		cmocka_unit_test(envelope_keeps_json_as_written),
		cmocka_unit_test(envelope_of_bytes_and_text),
		cmocka_unit_test(raw),
		cmocka_unit_test(raw_bytes_may_be_nul),
		cmocka_unit_test(raw_without_payload_is_empty),
		cmocka_unit_test(a_full_payload_fits),
		cmocka_unit_test(from_decision_to_device),
		cmocka_unit_test(answers),
		cmocka_unit_test(answers_that_are_refused),
		cmocka_unit_test(answers_with_something_around_them),
		cmocka_unit_test(a_message_that_is_no_string),
		cmocka_unit_test(why_an_answer_is_refused),
		cmocka_unit_test(a_long_answer),
		cmocka_unit_test(every_prefix_of_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
