/* Rules files that are refused: the message names the file and the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/common/rules.h"

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
	{"rules:\n- {match: {id: a}, action: leave, reason: x}\n",
	 "f.yaml:2: leave sends no payload, reason or message"},
	{"default: {action: leave, message: x}\n", "f.yaml:1: leave sends no"},
	{"rules: []\npayloads:\n- {match: {id: a}}\n",
	 "f.yaml:3: payload_file or payload_template is missing"},
	{"rules:\n- match: {fingerprints: ab}\n  action: reject\n",
	 "f.yaml:2: "},
	{"rules:\n- match: {key_algorithm: rsa}\n  action: reject\n",
	 "f.yaml:2: "},
	{"rules:\n- match: {not_expired: yes}\n  action: reject\n",
	 "f.yaml:2: "},
	{"rules:\n- match: {fingerprints_file: /no/such}\n"
	 "  action: reject\n",
	 "f.yaml:2: cannot read /no/such: "},
	{"rules:\n- match: {id: null}\n  action: reject\n",
	 "f.yaml:2: null is no value: write it in quotes"},
	{"rules:\n- match:\n    registry: [a,\n      ~]\n  action: reject\n",
	 "f.yaml:4: ~ is no value"},
	{"rules:\n- match: any\n  action: approve\n  payload_file: Null\n",
	 "f.yaml:4: Null is no value"},
	{"rules: null\n", "f.yaml:1: null is no value"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_name_file_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
