/* Decisions that cannot be followed, though it can be told for which request
 * they are. */
#include "life_case.h"

#define NAMES                                                                  \
	"{\"request_id\":\"r-1\",\"device_path\":\"" PUMP                      \
	"\",\"decision\":\"approve\","

static void take(struct life_case *c, const char *json)
{
	struct consumer_record record = life_next(c, json);

	life_ok(c, life_decide(c, &record));
}

/* An approval whose payload is a JSON string of n quotation marks, or the same
 * as OmniCore writes it. */
static char *quotes(const char *begin, size_t n)
{
	size_t len = strlen(begin), i;
	char *text = malloc(len + 2 * n + 3);

	assert_non_null(text);
	memcpy(text, begin, len);
	for (i = 0; i < n; i++)
		memcpy(text + len + 2 * i, "\\\"", 2);
	memcpy(text + len + 2 * n, "\"}", 3);
	return text;
}

static void invalid(struct life_case *c, const char *message)
{
	life_result(c, "r-1", "invalid");
	assert_string_equal(life_member(c, "code"), "400");
	assert_string_equal(life_member(c, "message"), message);
	assert_string_equal(life_member(c, "device_path"), PUMP);
	assert_string_equal(life_member(c, "decision.topic"), "ztp.decisions");
	assert_true(life_record(c, STORE_DLQ));
	assert_true(life_logged(c, "decision_invalid"));
}

/* --- the size of its command */

static void a_command_that_is_too_large_is_invalid(void **state)
{
	static const char omnicore[] =
		"{\"request_id\":\"r-1\",\"isApprove\":true,"
		"\"customOnboardData\":\"";
	struct life_case *c = *state;
	char *text = quotes(omnicore, 65500);

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	take(c, text);
	invalid(c, "the command would have 131296 bytes, at most 122880 are "
		   "allowed (mqtt.max_command)");
	assert_int_equal(strlen(text), c->record.value_len);
	life_is(c, 1, ZTP_STATE_REQUESTED);
	/* The next one is taken. */
	life_approve(c, 1);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	/* What is decided already is said to be invalid all the same. */
	take(c, text);
	life_result(c, "r-1", "invalid");
	free(text);
}

/* To the byte. */
static void the_largest_command_fits(void **state)
{
	struct life_case *c = *state;
	char *text = quotes(NAMES "\"payload\":\"", 20000);

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	c->config.mqtt.max_command = 40295;
	take(c, text);
	invalid(c, "the command would have 40296 bytes, at most 40295 are "
		   "allowed (mqtt.max_command)");
	c->config.mqtt.max_command = 40296;
	take(c, text);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	life_no_record(c, STORE_RESULTS);
	/* The limit is for what is new. */
	c->config.mqtt.max_command = 40295;
	take(c, text);
	life_result(c, "r-1", "duplicate");
	free(text);
}

static void nobody_knows_the_request(void **state)
{
	struct life_case *c = *state;
	char *text = quotes(NAMES "\"payload\":\"", 20000);

	c->config.mqtt.max_command = 16384;
	take(c, text);
	life_result(c, "r-1", "invalid");
	assert_string_equal(life_member(c, "device_path"), PUMP);
	assert_true(life_record(c, STORE_DLQ));
	free(text);
}

/* Its notice has no payload. */
static void a_rejection_always_fits(void **state)
{
	struct life_case *c = *state;
	char *text = quotes("{\"request_id\":\"r-1\",\"device_path\":\"" PUMP
			    "\",\"decision\":\"reject\",\"payload\":\"",
			    20000);

	c->config.mqtt.max_command = 16384;
	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	take(c, text);
	life_is(c, 1, ZTP_STATE_REJECTED);
	free(text);
}

/* --- what cannot be read */

static void what_names_its_request_is_answered(void **state)
{
	static const char both[] =
		NAMES "\"payload\":1,\"payload_base64\":\"MQ==\"}";
	struct life_case *c = *state;

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	take(c, both);
	invalid(c, "both payload and payload_base64 are given");
	life_is(c, 1, ZTP_STATE_REQUESTED);
	/* Another device's request is not affected. */
	life_put(c, VALVE, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	take(c, "{\"request_id\":\"r-2\",\"device_path\":\"" PUMP
		"\",\"decision\":\"perhaps\"}");
	life_result(c, "r-2", "invalid");
	assert_int_equal(
		life_decision(c, 2, false, &(struct store_decision){0}), 0);
}

/* --- its timeout */

static void silence_approves_nobody_who_has_spoken(void **state)
{
	static const char bad[] = NAMES "\"payload_base64\":\"?\"}";
	struct life_case *c = *state;

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_put(c, VALVE, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	take(c, bad);
	life_result(c, "r-1", "invalid");
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_result(c, "r-1", "expired");
	assert_string_equal(life_member(c, "message"),
			    "no valid decision by expires_at");
	assert_string_equal(life_member(c, "decision.topic"), "");
	life_is(c, 2, ZTP_STATE_REGISTERED);
}

/* A rejection of another certificate than the request's is one, by mistake. */
static void nor_who_has_mistaken_the_certificate(void **state)
{
	struct life_case *c = *state;
	char text[512];

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	snprintf(text, sizeof(text),
		 "{\"request_id\":\"r-1\",\"device_path\":\"" PUMP
		 "\",\"decision\":\"reject\",\"fingerprint_sha256\":\"%064d\"}",
		 2);
	take(c, text);
	life_result(c, "r-1", "mismatch");
	life_is(c, 1, ZTP_STATE_REQUESTED);
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_EXPIRED);
	life_result(c, "r-1", "expired");
	assert_string_equal(life_member(c, "message"),
			    "no valid decision by expires_at");
}

static void expired(struct life_case *c, int64_t n)
{
	life_is(c, n, ZTP_STATE_EXPIRED);
	life_why(c, n, "no valid decision by expires_at");
}

/* Its record's key says whose word it was, or what can be read of it does. */
static void nor_whose_word_is_a_dead_letter(void **state)
{
	struct life_case *c = *state;
	struct consumer_record record =
		life_next(c, "{\"decision\":\"reject\",}");

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_put(c, PUMP, 2, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_put(c, VALVE, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	life_put(c, PUMP "-b", 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	record.key = ztp_str_of(PUMP);
	life_ok(c, life_decide(c, &record));
	assert_true(life_record(c, STORE_DLQ));
	take(c, "{\"request_id\":\"r-4\",\"isApprove\":\"no\"}");
	assert_true(life_record(c, STORE_DLQ));
	life_pass(c, LIFE_MIN);
	life_due(c);
	expired(c, 1);
	expired(c, 2);
	life_is(c, 3, ZTP_STATE_REGISTERED);
	expired(c, 4);
}

/* Whoever decides about another device has said nothing about this one, however
 * wrong the decision is. */
static void others_do_not_speak_for_it(void **state)
{
	static const char others[] =
		"{\"request_id\":\"r-1\",\"device_path\":\"" VALVE
		"\",\"decision\":\"approve\"";
	struct life_case *c = *state;
	char *text = quotes("{\"request_id\":\"r-1\",\"device_path\":\"" VALVE
			    "\",\"decision\":\"approve\",\"payload\":\"",
			    20000);
	char small[256];

	c->config.onboarding.on_timeout = ZTP_APPROVE;
	c->config.mqtt.max_command = 16384;
	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	take(c, text);
	life_result(c, "r-1", "invalid");
	assert_string_equal(life_member(c, "device_path"), VALVE);
	assert_string_equal(c->record.key, VALVE);
	snprintf(small, sizeof(small), "%s}", others);
	take(c, small);
	life_result(c, "r-1", "mismatch");
	life_pass(c, LIFE_MIN);
	life_due(c);
	life_is(c, 1, ZTP_STATE_REGISTERED);
	free(text);
}

static void the_next_decision_takes_its_place(void **state)
{
	static const char bad[] = NAMES "\"payload_base64\":\"?\"}";
	struct life_case *c = *state;
	struct store_decision d;

	life_put(c, PUMP, 1, ZTP_STATE_REQUESTED, ZTP_OWED_NONE);
	take(c, bad);
	life_result(c, "r-1", "invalid");
	life_approve(c, 1);
	assert_int_equal(life_decision(c, 1, false, &d), 1);
	assert_int_equal(d.verdict, ZTP_APPROVE);
	assert_int_equal(d.offset, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(a_command_that_is_too_large_is_invalid),
		LIFE_TEST(the_largest_command_fits),
		LIFE_TEST(nobody_knows_the_request),
		LIFE_TEST(a_rejection_always_fits),
		LIFE_TEST(what_names_its_request_is_answered),
		LIFE_TEST(silence_approves_nobody_who_has_spoken),
		LIFE_TEST(nor_who_has_mistaken_the_certificate),
		LIFE_TEST(nor_whose_word_is_a_dead_letter),
		LIFE_TEST(others_do_not_speak_for_it),
		LIFE_TEST(the_next_decision_takes_its_place),
	};

	return cmocka_run_group_tests_name("bridge_life_invalid", tests, NULL,
					   NULL);
}
