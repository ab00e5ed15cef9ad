#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ztp/gate.h"

#define PUMP	     "subscriptions/acme/registries/plant-7/devices/pump-42"
#define OTHER	     "subscriptions/acme/registries/plant-7/devices/pump-4"
#define TEMPLATE     "{device_path}/commands"
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_overlap(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{"a/b", "a/b", true},
		{"a/b", "a/c", false},
		{"a/+", "a/c", true},
		{"a/#", "a", true},
		{"a/#", "a/b/c", true},
		{"a/+", "a", false},
		{"a/+", "a/", true},
		{"#", "a/b", true},
		{"+/b/#", "a/b", true},
		{"a/b/c", "a/+/#", true},
		{"a/b", "a/b/#", true},
		{"a/b", "a/b/+", false},
		{"+/+", "a/#", true},
		{"a/+/c", "a/b/+", true},
		{"a/+/c", "a/b/d", false},
		{"$share/g/a/b", "a/b", true},
		{"$share/g/#", "a/b", true},
		{"#", "$CONTROL/ztp/#", false},
		{"+/ztp/v1", "$CONTROL/ztp/#", false},
		{"$CONTROL/+/v1", "$CONTROL/ztp/#", true},
		{"$CONTROL/dynamic-security/#", "$CONTROL/ztp/#", false},
		{"", "a", false},
		{"/a", "a", false},
		{"$share/g", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (ztp_gate_overlap(cases[i].a, cases[i].b) !=
			    cases[i].overlap ||
		    ztp_gate_overlap(cases[i].b, cases[i].a) !=
			    cases[i].overlap)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
}

static void test_command_filter(void **state)
{
	static const char *const cases[][2] = {
		{"{device_path}/commands",
		 "subscriptions/+/registries/+/devices/+/commands/#"},
		{"/devices/{device}/commands", "/devices/+/commands/#"},
		{"/{registry}/x-{device}/commands", "/+/+/commands/#"},
		{"c/{device_path}",
		 "c/subscriptions/+/registries/+/devices/+/#"},
	};
	char out[ZTP_TOPIC_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		ztp_gate_command_filter(out, cases[i][0]);
		assert_string_equal(out, cases[i][1]);
	}
}

static enum ztp_gate_answer device(enum ztp_right right, enum ztp_access access,
				   const char *topic)
{
	struct ztp_path path;

	assert_int_equal(ztp_path_parse(&path, PUMP, strlen(PUMP), NULL), 0);
	return ztp_gate_device_access(right, TEMPLATE, &path, access, topic,
				      false);
}

static void test_device_access(void **state)
{
	/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
	static const struct {
		enum ztp_access access;
		const char *topic;
		bool held, device;
	} cases[] = {
		{ZTP_ACCESS_SUBSCRIBE, PUMP "/commands", true, true},
		{ZTP_ACCESS_READ, PUMP "/commands", true, true},
		{ZTP_ACCESS_SUBSCRIBE, PUMP "/commands/#", false, true},
		{ZTP_ACCESS_READ, PUMP "/commands/x", false, true},
		{ZTP_ACCESS_READ, PUMP "/config", false, true},
		{ZTP_ACCESS_SUBSCRIBE, PUMP "/config/#", false, true},
		{ZTP_ACCESS_SUBSCRIBE, PUMP "/commandsx", false, false},
		{ZTP_ACCESS_SUBSCRIBE, PUMP "/#", false, false},
		{ZTP_ACCESS_SUBSCRIBE, PUMP "/+", false, false},
		{ZTP_ACCESS_SUBSCRIBE, "#", false, false},
		{ZTP_ACCESS_SUBSCRIBE, OTHER "/commands", false, false},
		{ZTP_ACCESS_SUBSCRIBE, "$share/g/" PUMP "/commands", false,
		 false},
		{ZTP_ACCESS_READ, PUMP "/events", false, false},
		{ZTP_ACCESS_WRITE, PUMP "/events", false, true},
		{ZTP_ACCESS_WRITE, PUMP "/events/a", false, true},
		{ZTP_ACCESS_WRITE, PUMP "/state/a/b", false, true},
		{ZTP_ACCESS_WILL, PUMP "/state", false, true},
		{ZTP_ACCESS_WILL, "$CONTROL/ztp/v1", false, false},
		{ZTP_ACCESS_WRITE, PUMP "/commands", false, false},
		{ZTP_ACCESS_WRITE, PUMP "/config", false, false},
		{ZTP_ACCESS_WRITE, OTHER "/events", false, false},
		{ZTP_ACCESS_WRITE, "ztp/v1/pending", false, false},
		{ZTP_ACCESS_UNSUBSCRIBE, "whatever", true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *topic = cases[i].topic;
		enum ztp_access access = cases[i].access;

		assert_int_equal(device(ZTP_RIGHT_NONE, access, topic),
				 ZTP_GATE_DENY);
		if ((device(ZTP_RIGHT_HELD, access, topic) == ZTP_GATE_ALLOW) !=
			    cases[i].held ||
		    (device(ZTP_RIGHT_DEVICE, access, topic) ==
		     ZTP_GATE_ALLOW) != cases[i].device)
			fail_msg("%d %s", (int)access, topic);
	}
}

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
static const struct {
	enum ztp_access access;
	const char *topic;
	bool retain;
	enum ztp_gate_answer other, operator;
} other_cases[] = {
	{ZTP_ACCESS_SUBSCRIBE, "#", false, ZTP_GATE_DENY, ZTP_GATE_ALLOW},
	{ZTP_ACCESS_SUBSCRIBE, "elsewhere/#", false, ZTP_GATE_DEFER,
	 ZTP_GATE_DEFER},
	{ZTP_ACCESS_SUBSCRIBE, PUMP "/events/#", false, ZTP_GATE_DEFER,
	 ZTP_GATE_DEFER},
	{ZTP_ACCESS_SUBSCRIBE, "subscriptions/#", false, ZTP_GATE_DENY,
	 ZTP_GATE_ALLOW},
	{ZTP_ACCESS_SUBSCRIBE, "subscriptions/acme/#", false, ZTP_GATE_DENY,
	 ZTP_GATE_ALLOW},
	{ZTP_ACCESS_WRITE, PUMP "/commands", false, ZTP_GATE_DENY,
	 ZTP_GATE_ALLOW},
	{ZTP_ACCESS_WRITE, PUMP "/commands", true, ZTP_GATE_DENY,
	 ZTP_GATE_DENY},
	{ZTP_ACCESS_WILL, PUMP "/commands/x", false, ZTP_GATE_DENY,
	 ZTP_GATE_DENY},
	{ZTP_ACCESS_WRITE, PUMP "/config", true, ZTP_GATE_DENY, ZTP_GATE_ALLOW},
	{ZTP_ACCESS_READ, PUMP "/config", false, ZTP_GATE_DENY, ZTP_GATE_ALLOW},
	{ZTP_ACCESS_READ, "ztp/v1/audit", false, ZTP_GATE_DENY, ZTP_GATE_ALLOW},
	{ZTP_ACCESS_WRITE, "$CONTROL/ztp/v1", false, ZTP_GATE_DENY,
	 ZTP_GATE_ALLOW},
	{ZTP_ACCESS_WILL, "$CONTROL/ztp/v1/response", false, ZTP_GATE_DENY,
	 ZTP_GATE_DENY},
	{ZTP_ACCESS_WILL, "$CONTROL/dynamic-security/v1", false, ZTP_GATE_DENY,
	 ZTP_GATE_DENY},
	{ZTP_ACCESS_WRITE, "$CONTROL/dynamic-security/v1", false,
	 ZTP_GATE_DEFER, ZTP_GATE_DEFER},
	{ZTP_ACCESS_WRITE, "elsewhere", true, ZTP_GATE_DEFER, ZTP_GATE_DEFER},
	{ZTP_ACCESS_UNSUBSCRIBE, "#", false, ZTP_GATE_ALLOW, ZTP_GATE_ALLOW},
	{ZTP_ACCESS_UNSUBSCRIBE, PUMP "/commands", false, ZTP_GATE_ALLOW,
	 ZTP_GATE_ALLOW},
	{ZTP_ACCESS_UNSUBSCRIBE, "ztp/v1/pending", false, ZTP_GATE_ALLOW,
	 ZTP_GATE_ALLOW},
	{ZTP_ACCESS_UNSUBSCRIBE, "elsewhere", false, ZTP_GATE_DEFER,
	 ZTP_GATE_DEFER},
};

static void test_other_access(void **state)
{
	char filter[ZTP_TOPIC_MAX + 1];

	(void)state;
	ztp_gate_command_filter(filter, TEMPLATE);
	for (size_t i = 0; i < COUNT(other_cases); i++) {
		if (ztp_gate_other_access(false, filter, other_cases[i].access,
					  other_cases[i].topic,
					  other_cases[i].retain) !=
			    other_cases[i].other ||
		    ztp_gate_other_access(true, filter, other_cases[i].access,
					  other_cases[i].topic,
					  other_cases[i].retain) !=
			    other_cases[i].operator)
			fail_msg("%d %s", (int)other_cases[i].access,
				 other_cases[i].topic);
	}
}

struct ruling {
	struct ztp_gate_facts facts;
	enum ztp_admission admission;
	const char *code;
};

static void check(size_t i, struct ztp_gate_verdict verdict,
		  const struct ruling *expected)
{
	if (verdict.admission != expected->admission ||
	    strcmp(verdict.code, expected->code) != 0)
		fail_msg("case %zu: %d, %s", i, (int)verdict.admission,
			 verdict.code);
}

#define CUSTOM .onboarding = ZTP_ONBOARDING_CUSTOM
#define DIRECT .onboarding = ZTP_ONBOARDING_DIRECT

static void test_knock(void **state)
{
#define KNOWN CUSTOM, .registry_known = true, .with_certificate = true
	static const struct ruling cases[] = {
		{{0}, ZTP_ADMIT_REFUSE, "unknown_registry"},
		{{.registry_known = true}, ZTP_ADMIT_REFUSE, "unknown_device"},
		{{.registry_known = true, .with_certificate = true},
		 ZTP_ADMIT_REFUSE,
		 "onboarding_off"},
		{{KNOWN}, ZTP_ADMIT_PROVE, ""},
		{{KNOWN, .device_known = true},
		 ZTP_ADMIT_REFUSE,
		 "device_exists"},
		{{KNOWN, .device_known = true, .same_certificate = true},
		 ZTP_ADMIT_PROVE,
		 ""},
		{{KNOWN, .device_known = true, .same_certificate = true,
		  .device_blocked = true},
		 ZTP_ADMIT_REFUSE,
		 "blocked"},
	};
#undef KNOWN

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(i, ztp_gate_knock(&cases[i].facts), &cases[i]);
}

#define PER_CERTIFICATE 16
#define PER_REGISTRY	100
#define PER_PATH	8

static const struct ztp_gate_limits limits = {PER_CERTIFICATE, PER_REGISTRY,
					      PER_PATH};

static void check_admit(const struct ruling *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(i, ztp_gate_admit(&cases[i].facts, &limits), &cases[i]);
}

static void test_admit_custom(void **state)
{
#define IN_USE CUSTOM, .hold = true, .live_other_key = true
	static const struct ruling cases[] = {
		{{CUSTOM}, ZTP_ADMIT_JOURNAL, "pending"},
		{{CUSTOM, .hold = true}, ZTP_ADMIT_HOLD, "pending"},
		{{IN_USE}, ZTP_ADMIT_JOURNAL, "path_in_use"},
		{{IN_USE, .per_path = PER_PATH - 1},
		 ZTP_ADMIT_JOURNAL,
		 "path_in_use"},
		{{IN_USE, .per_path = PER_PATH}, ZTP_ADMIT_REFUSE, "too_many"},
		/* it has been counted already */
		{{IN_USE, .per_path = PER_PATH, .candidate_known = true},
		 ZTP_ADMIT_JOURNAL,
		 "path_in_use"},
		{{IN_USE, .per_path = PER_PATH, .candidate_known = true,
		  .rejected_per_certificate = PER_CERTIFICATE},
		 ZTP_ADMIT_JOURNAL,
		 "path_in_use"},
		{{IN_USE, .per_path = PER_PATH, .candidate_known = true,
		  .rejected_per_certificate = PER_CERTIFICATE,
		  .cooling_down = true},
		 ZTP_ADMIT_REFUSE,
		 "rejected"},
		/* rejections in force */
		{{CUSTOM, .rejected_per_certificate = PER_CERTIFICATE - 1,
		  .rejected_per_registry = PER_REGISTRY - 1},
		 ZTP_ADMIT_JOURNAL,
		 "pending"},
		{{CUSTOM, .rejected_per_certificate = PER_CERTIFICATE - 1,
		  .rejected_per_registry = PER_REGISTRY},
		 ZTP_ADMIT_REFUSE,
		 "too_many"},
		{{CUSTOM, .rejected_per_certificate = PER_CERTIFICATE,
		  .rejected_per_registry = PER_REGISTRY - 1},
		 ZTP_ADMIT_REFUSE,
		 "too_many"},
	};
#undef IN_USE

	(void)state;
	check_admit(cases, COUNT(cases));
}

static void test_admit_direct(void **state)
{
	static const struct ruling cases[] = {
		{{DIRECT, .rejected_per_certificate = PER_CERTIFICATE,
		  .rejected_per_registry = PER_REGISTRY - 1},
		 ZTP_ADMIT_CREATE,
		 "created"},
		{{DIRECT}, ZTP_ADMIT_CREATE, "created"},
		{{DIRECT, .per_certificate = PER_CERTIFICATE},
		 ZTP_ADMIT_REFUSE,
		 "too_many"},
		{{DIRECT, .per_certificate = PER_CERTIFICATE - 1,
		  .per_registry = PER_REGISTRY},
		 ZTP_ADMIT_REFUSE,
		 "too_many"},
		/* a device that exists */
		{{DIRECT, .per_certificate = PER_CERTIFICATE - 1,
		  .per_registry = PER_REGISTRY, .device_known = true},
		 ZTP_ADMIT_CONNECT,
		 "connected"},
		{{DIRECT, .per_certificate = PER_CERTIFICATE - 1,
		  .per_registry = PER_REGISTRY, .device_known = true,
		  .live_other_key = true},
		 ZTP_ADMIT_REFUSE,
		 "path_in_use"},
	};

	(void)state;
	check_admit(cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_command_filter),
		cmocka_unit_test(test_device_access),
		cmocka_unit_test(test_other_access),
		cmocka_unit_test(test_knock),
		cmocka_unit_test(test_admit_custom),
		cmocka_unit_test(test_admit_direct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
