/* Rules files: what matches, and the message for each mistake. */
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

#define FP_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FP_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FP_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define DAY  86400000LL
#define NOW  (20000 * DAY)

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
	struct ztp_ask ask;

	(void)state;
	assert_int_equal(
		ztp_rules_read(&rules, text, sizeof(text) - 1, "x", NULL), 0);
	make_ask(&ask, "subscriptions/a/registries/b/devices/pump-1", FP_A);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_false(answer.approve);
	assert_string_equal(answer.rule, "one");
	assert_string_equal(answer.message, "b");
	make_ask(&ask, "subscriptions/a/registries/b/devices/pump-2", FP_A);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_string_equal(answer.rule, "2");
	assert_string_equal(answer.reason, "c");
	make_ask(&ask, "subscriptions/a/registries/b/devices/lamp", FP_A);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
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
	assert_int_equal(
		ztp_rules_read(&rules, text, sizeof(text) - 1, "x", NULL), 0);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_true(answer.approve);
	ztp_rules_clear(&rules);
}

static void without_a_default_the_rest_is_rejected(void **state)
{
	static const char text[] = "rules: []\n";
	struct ztp_answer answer;
	struct ztp_rules rules;
	struct ztp_ask ask;

	(void)state;
	pump(&ask);
	assert_int_equal(
		ztp_rules_read(&rules, text, sizeof(text) - 1, "x", NULL), 0);
	ztp_rules_decide(&answer, &rules, &ask, NOW);
	assert_false(answer.approve);
	assert_string_equal(answer.reason, "no_rule");
	ztp_rules_clear(&rules);
}

static const struct {
	const char *text, *message;
} mistakes[] = {
	{"", "f.yaml:1: no rules"},
	{"# none\n---\n", "f.yaml:3: no rules"},
	{"rules: 3\n", "f.yaml:1: "},
	{"rules:\n- action: maybe\n", "f.yaml:2: "},
	{"rules:\n- name: x\n", "f.yaml:2: "},
	{"rules:\n- name: x\n  action: approve\n",
	 "f.yaml:2: the rule matches every request"},
	{"rules:\n- match:\n  action: approve\n",
	 "f.yaml:2: a mapping is expected"},
	{"rules:\n- action: approve\n  match: {}\n",
	 "f.yaml:2: the rule matches every request"},
	{"rules:\n- action: reject\n  match: {}\n",
	 "f.yaml:2: the rule matches every request"},
	{"rules:\n- match: {not_expired: false}\n  action: approve\n",
	 "f.yaml:2: the rule matches every request"},
	{"rules:\n- match: {min_key_bits: 0}\n  action: approve\n",
	 "f.yaml:2: the rule matches every request"},
	{"rules:\n- {match: all, action: approve}\n",
	 "f.yaml:2: a mapping is expected"},
	{"rules:\n- {match: [any], action: approve}\n",
	 "f.yaml:2: a mapping is expected"},
	{"rules:\n- {match: any, action: reject}\n"
	 "- {match: {id: a}, action: approve}\n",
	 "f.yaml:3: the rule is never reached"},
	{"rules:\n- action: reject\n  action: reject\n",
	 "f.yaml:3: rules.action: given more than once"},
	{"rules: []\nrule: []\n", "f.yaml:2: rule: unknown"},
	{"rules:\n- match:\n    ids: x\n  action: reject\n",
	 "f.yaml:3: ids: unknown"},
	{"rules:\n- match:\n    id: []\n  action: reject\n", "f.yaml:3: "},
	{"rules:\n- match: {min_key_bits: 2k}\n  action: reject\n",
	 "f.yaml:2: "},
	{"rules:\n- match: {fingerprints: ab}\n  action: reject\n",
	 "f.yaml:2: "},
	{"rules:\n- match: {key_algorithm: rsa}\n  action: reject\n",
	 "f.yaml:2: "},
	{"rules:\n- match: {not_expired: yes}\n  action: reject\n",
	 "f.yaml:2: "},
	{"rules:\n- match: {fingerprints_file: /no/such}\n"
	 "  action: reject\n",
	 "f.yaml:2: cannot read /no/such: "},
	{"default: approve\n---\n{}\n", "f.yaml:2: a second"},
	{"rules: [\n", "f.yaml:2: YAML: "},
	{"default: {reason: x}\n", "f.yaml:1: "},
	{"rules: &r\n- *r\n", "f.yaml:1: rules: anchors"},
	{"rules:\n- action: !!str reject\n", "f.yaml:2: rules.action: "},
	{"? [a]\n: b\n", "f.yaml:1: "},
};

static void mistakes_name_file_and_line(void **state)
{
	struct ztp_rules rules;
	struct ztp_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		error.message[0] = '\0';
		if (!ztp_rules_read(&rules, mistakes[i].text,
				    strlen(mistakes[i].text), "f.yaml", &error))
			fail_msg("accepted: %s", mistakes[i].text);
		if (strncmp(error.message, mistakes[i].message,
			    strlen(mistakes[i].message)) != 0)
			fail_msg("%s\n%s", mistakes[i].text, error.message);
	}
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
		cmocka_unit_test(without_a_default_the_rest_is_rejected),
		cmocka_unit_test(mistakes_name_file_and_line),
		cmocka_unit_test(files_are_beside_the_rules),
		cmocka_unit_test(properties_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
