/* Rules files: what matches, and what is said then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/common/kafka.h"
#include "tools/common/rules.h"
#include "tools/common/template.h"

#define FP_A   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FP_B   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FP_C   "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define LENGTH 8 /* of {device} */
#define DAY    86400000LL
#define NOW    (20000 * DAY)

static void make_ask(struct ztp_ask *ask, const char *path, const char *fp)
{
	memset(ask, 0, sizeof(*ask));
	snprintf(ask->request_id, sizeof(ask->request_id), "r");
	snprintf(ask->path, sizeof(ask->path), "%s", path);
	assert_int_equal(
		ztp_path_parse(&ask->parts, ask->path, strlen(ask->path), NULL),
		0);
	snprintf(ask->fingerprint, sizeof(ask->fingerprint), "%s", fp);
	snprintf(ask->issuer, sizeof(ask->issuer), "CN=plant CA,O=acme");
	snprintf(ask->subject, sizeof(ask->subject), "CN=unused-device");
	snprintf(ask->key_algorithm, sizeof(ask->key_algorithm), "RSA");
	ask->key_bits = 2048;
	ask->has_validity = true;
	ask->not_before = NOW - 10 * DAY;
	ask->not_after = NOW + 10 * DAY;
}

static void pump(struct ztp_ask *ask)
{
	make_ask(ask, "subscriptions/acme/registries/plant-7/devices/pump-42",
		 FP_A);
}

static void read_rules(struct ztp_rules *rules, const char *text)
{
	assert_int_equal(ztp_rules_read(rules, text, strlen(text), "x", NULL),
			 0);
}

static struct ztp_answer decide_on(const struct ztp_rules *rules,
				   const char *device)
{
	struct ztp_answer answer;
	struct ztp_ask ask;
	char path[128];

	(void)snprintf(path, sizeof(path),
		       "subscriptions/a/registries/b/devices/%s", device);
	make_ask(&ask, path, FP_A);
	ztp_rules_decide(&answer, rules, &ask, NOW);
	return answer;
}

/* True when a rule with this match approves the request. */
static bool approves(const struct ztp_ask *ask, const char *match)
{
	struct ztp_error error = {.message = ""};
	struct ztp_answer answer;
	struct ztp_rules rules;
	char text[1024];
	int n = snprintf(text, sizeof(text),
			 "rules: [{match: {%s}, action: approve}]\n", match);

	if (ztp_rules_read(&rules, text, (size_t)n, "x.yaml", &error))
		fail_msg("%s: %s", match, error.message);
	ztp_rules_decide(&answer, &rules, ask, NOW);
	ztp_rules_clear(&rules);
	return answer.approve;
}

static void each_member_matches(void **state)
{
	static const struct {
		const char *match;
		bool yes;
	} table[] = {
		{"subscription: acme", true},
		{"subscription: acm", false},
		{"subscription: ACME", false},
		{"registry: [x, \"plant-*\"]", true},
		{"registry: [x, y]", false},
		{"id: \"pump-4?\"", true},
		{"id: \"pump-[13]*\"", false},
		{"issuer: \"CN=plant CA,*\"", true},
		{"issuer: \"CN=plant CA\"", false},
		{"subject: CN=unused-device", true},
		{"subject: CN=other", false},
		{"key_algorithm: [EC, RSA]", true},
		{"key_algorithm: EC", false},
		{"min_key_bits: 2048", true},
		{"min_key_bits: 2049", false},
		{"min_days_left: 10", true},
		{"min_days_left: 11", false},
		{"not_expired: true", true},
		{"fingerprints: " FP_A, true},
		{"fingerprints: [" FP_C ", " FP_B "]", false},
		{"fingerprints: [" FP_C ", " FP_A ", " FP_B "]", true},
		{"subscription: acme, registry: x", false},
	};
	struct ztp_ask ask;

	(void)state;
	pump(&ask);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (approves(&ask, table[i].match) != table[i].yes)
			fail_msg("%s", table[i].match);
}

static void what_is_not_told_matches_nothing(void **state)
{
	struct ztp_ask ask;

	(void)state;
	pump(&ask);
	ask.issuer[0] = ask.subject[0] = ask.key_algorithm[0] = '\0';
	ask.key_bits = 0;
	ask.has_validity = false;
	assert_false(approves(&ask, "issuer: \"*\""));
	assert_false(approves(&ask, "subject: \"*\""));
	assert_false(approves(&ask, "key_algorithm: RSA"));
	assert_false(approves(&ask, "min_key_bits: 1"));
	assert_false(approves(&ask, "min_days_left: 0"));
	assert_false(approves(&ask, "not_expired: true"));
	assert_true(approves(&ask, "id: pump-42, not_expired: false"));
}

static void validity_has_two_ends(void **state)
{
	struct ztp_ask ask;

	(void)state;
	pump(&ask);
	ask.not_before = NOW + 1;
	assert_false(approves(&ask, "not_expired: true"));
	ask.not_before = NOW;
	assert_true(approves(&ask, "not_expired: true"));
	ask.not_after = NOW;
	assert_true(approves(&ask, "not_expired: true"));
	ask.not_after = NOW - 1;
	assert_false(approves(&ask, "not_expired: true"));
	assert_false(approves(&ask, "min_days_left: 0"));
}

static void first_rule_wins_and_default_is_last(void **state)
{
	static const char text[] =
		"default: {action: approve, reason: rest, message: so be it}\n"
		"rules:\n"
		"- {name: one, match: {id: pump-1}, action: reject,\n"
		"   reason: a, message: b}\n"
		"- {match: {id: \"pump-*\"}, action: reject, reason: c}\n";
	struct ztp_answer answer;
	struct ztp_rules rules;

	(void)state;
	read_rules(&rules, text);
	answer = decide_on(&rules, "pump-1");
	assert_false(answer.approve);
	assert_string_equal(answer.rule, "one");
	assert_string_equal(answer.message, "b");
	answer = decide_on(&rules, "pump-2");
	assert_string_equal(answer.rule, "2");
	assert_string_equal(answer.reason, "c");
	answer = decide_on(&rules, "lamp");
	assert_true(answer.approve);
	assert_string_equal(answer.rule, "default");
	assert_string_equal(answer.reason, "rest");
	ztp_rules_clear(&rules);
}

static void any_is_written(void **state)
{
	static const char text[] = "rules:\n"
				   "- {match: {id: pump-1}, action: reject}\n"
				   "- {match: any, action: approve}\n";
	struct ztp_answer answer;
	struct ztp_rules rules;
	struct ztp_ask ask;

	(void)state;
	pump(&ask);
	read_rules(&rules, text);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_true(answer.approve);
	ztp_rules_clear(&rules);
}

static void what_is_left_sends_nothing(void **state)
{
	static const char text[] = "default: leave\n"
				   "rules:\n"
				   "- {match: {id: pump-1}, action: leave}\n";
	struct ztp_answer answer;
	struct ztp_rules rules;
	struct ztp_ask ask;

	(void)state;
	read_rules(&rules, text);
	answer = decide_on(&rules, "pump-1");
	assert_true(answer.leave);
	assert_string_equal(answer.rule, "1");
	assert_string_equal(ztp_answer_verdict(&answer), "leave");
	pump(&ask);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_true(answer.leave);
	assert_string_equal(answer.rule, "default");
	ztp_rules_clear(&rules);
}

static void matching_everything_is_seen(void **state)
{
	static const struct {
		const char *match;
		bool all;
	} table[] = {
		{"any", true},
		{"{id: \"*\"}", true},
		{"{id: [x, \"**\"], registry: \"*\"}", true},
		{"{issuer: \"*\", min_key_bits: 256}", true},
		{"{id: \"*\", registry: x}", false},
		{"{id: \"*a\"}", false},
		{"{min_key_bits: 257}", false},
		{"{min_days_left: 0}", false},
		{"{not_expired: true}", false},
		{"{fingerprints: " FP_A "}", false},
		{"{key_algorithm: RSA}", false},
	};
	struct ztp_rules rules;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int n = snprintf(text, sizeof(text),
				 "rules:\n- {match: %s, action: reject}\n",
				 table[i].match);

		assert_int_equal(
			ztp_rules_read(&rules, text, (size_t)n, "x", NULL), 0);
		if (rules.rules[0].matches_all != table[i].all)
			fail_msg("%s", table[i].match);
		assert_int_equal(rules.rules[0].line, 2);
		ztp_rules_clear(&rules);
	}
}

static void a_match_alone(void **state)
{
	struct ztp_answer answer;
	struct ztp_rules rules;
	struct ztp_error error;
	struct ztp_ask ask;

	(void)state;
	pump(&ask);
	assert_int_equal(ztp_rules_match(&rules, "registry: \"plant-*\"",
					 "--match", &error),
			 0);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_false(answer.leave);
	answer = decide_on(&rules, "pump-1");
	assert_true(answer.leave);
	ztp_rules_clear(&rules);
	assert_int_not_equal(ztp_rules_match(&rules, "{}", "--match", &error),
			     0);
	assert_int_not_equal(
		ztp_rules_match(&rules, "ids: a", "--match", &error), 0);
	assert_string_equal(error.message, "--match:1: ids: unknown key");
	assert_int_not_equal(ztp_rules_match(&rules, "", "--match", &error), 0);
}

static void without_a_default_the_rest_is_rejected(void **state)
{
	static const char text[] = "rules: []\n";
	struct ztp_answer answer;
	struct ztp_rules rules;
	struct ztp_ask ask;

	(void)state;
	pump(&ask);
	read_rules(&rules, text);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_false(answer.approve);
	assert_string_equal(answer.reason, "no_rule");
	ztp_rules_clear(&rules);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void files_are_beside_the_rules(void **state)
{
	char dir[] = "/tmp/ztp-rules-XXXXXX", rules_path[64], list[64],
	     payload[64];
	struct ztp_answer answer;
	struct ztp_rules rules;
	struct ztp_error error;
	struct ztp_ask ask;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(rules_path, sizeof(rules_path), "%s/r.yaml", dir);
	snprintf(list, sizeof(list), "%s/list", dir);
	snprintf(payload, sizeof(payload), "%s/p.json", dir);
	write_file(list, "# delivered in May\n\n  " FP_B "  # b\r\n" FP_A);
	write_file(payload, "{\"a\":1}");
	write_file(rules_path, "rules:\n"
			       "- match: {fingerprints_file: list}\n"
			       "  action: approve\n"
			       "  content_type: a/b\n"
			       "  payload_file: p.json\n");
	assert_int_equal(ztp_rules_load(&rules, rules_path, &error), 0);
	pump(&ask);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_true(answer.approve);
	assert_non_null(answer.payload);
	assert_string_equal(answer.payload->data, "{\"a\":1}");
	assert_string_equal(answer.payload->content_type, "a/b");
	memcpy(ask.fingerprint, FP_C, sizeof(FP_C));
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_false(answer.approve);
	ztp_rules_clear(&rules);

	/* A mistake in the list is reported for the list. */
	write_file(list, FP_A "\nnonsense\n");
	assert_int_not_equal(ztp_rules_load(&rules, rules_path, &error), 0);
	assert_memory_equal(error.message, list, strlen(list));
	assert_memory_equal(error.message + strlen(list), ":2: ", 4);

	/* An empty list allows nobody. */
	write_file(list, "# none\n");
	assert_int_equal(ztp_rules_load(&rules, rules_path, &error), 0);
	pump(&ask);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_false(answer.approve);
	ztp_rules_clear(&rules);

	unlink(list);
	unlink(payload);
	unlink(rules_path);
	assert_int_equal(rmdir(dir), 0);
}

static void templates_are_filled_in(void **state)
{
	static const char text[] =
		"{\"a\": \"{device} {registry} {subscription}\",\n"
		" \"b\": \"{device_path} {request_id}\", \"c\": {} }";
	struct ztp_attachment made, filled;
	struct ztp_error error;
	struct ztp_ask ask;
	char *large;

	(void)state;
	pump(&ask);
	assert_int_equal(
		ztp_attachment_set(&made, text, sizeof(text) - 1, &error), 0);
	assert_int_equal(ztp_template_make(&made, "t", &error), 0);
	assert_true(made.json);
	assert_int_equal(ztp_template_fill(&filled, &made, &ask, &error), 0);
	assert_string_equal(
		filled.data,
		"{\"a\": \"pump-42 plant-7 acme\",\n \"b\": "
		"\"subscriptions/acme/registries/plant-7/devices/pump-42 r\", "
		"\"c\": {} }");
	assert_int_equal(filled.len, strlen(filled.data));
	ztp_attachment_clear(&filled);
	ztp_attachment_clear(&made);

	assert_int_equal(ztp_attachment_set(&made, "\n{id}", 5, &error), 0);
	assert_int_not_equal(ztp_template_make(&made, "t", &error), 0);
	assert_string_equal(error.message, "t:2: {id} is not a placeholder");
	ztp_attachment_clear(&made);

	/* What may become too large is refused before there is a device. */
	large = malloc(ZTP_PAYLOAD_MAX);
	assert_non_null(large);
	memset(large, 'x', ZTP_PAYLOAD_MAX);
	memcpy(large, "{device}", LENGTH);
	for (size_t more = 0; more < 2; more++) {
		size_t len = ZTP_PAYLOAD_MAX - ZTP_ID_MAX + LENGTH + more;

		assert_int_equal(ztp_attachment_set(&made, large, len, &error),
				 0);
		assert_int_equal(ztp_template_make(&made, "t", &error) != 0,
				 more);
		ztp_attachment_clear(&made);
	}
	free(large);
}

static void properties_are_checked(void **state)
{
	struct ztp_kafka_props props = {.count = 0};
	struct ztp_error error;

	(void)state;
	assert_int_equal(
		ztp_kafka_props_add(&props, "sasl.password=a=b", &error), 0);
	assert_string_equal(props.items[0], "sasl.password=a=b");
	assert_int_not_equal(ztp_kafka_props_add(&props, "acks=0", &error), 0);
	assert_int_not_equal(ztp_kafka_props_add(&props, "=x", &error), 0);
	assert_int_not_equal(ztp_kafka_props_add(&props, "x", &error), 0);
	ztp_kafka_props_clear(&props);
	assert_int_equal(props.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_matches),
		cmocka_unit_test(what_is_not_told_matches_nothing),
		cmocka_unit_test(validity_has_two_ends),
		cmocka_unit_test(first_rule_wins_and_default_is_last),
		cmocka_unit_test(any_is_written),
		cmocka_unit_test(what_is_left_sends_nothing),
		cmocka_unit_test(matching_everything_is_seen),
		cmocka_unit_test(a_match_alone),
		cmocka_unit_test(templates_are_filled_in),
		cmocka_unit_test(without_a_default_the_rest_is_rejected),
		cmocka_unit_test(files_are_beside_the_rules),
		cmocka_unit_test(properties_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
