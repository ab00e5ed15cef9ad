/* What is counted of the gate's audit, and which refusals are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core/verdicts.h"

#define FINGERPRINT                                                            \
	"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static int setup(void **state)
{
	struct verdicts *v;

	assert_int_equal(verdicts_new(&v, NULL), 0);
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	verdicts_free(*state);
	return 0;
}

static void note(struct verdicts *v, const char *text)
{
	verdicts_note(v, text, strlen(text));
}

static void refuse(struct verdicts *v, const char *code, int device)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"at\":\"2026-01-02T03:04:05.678Z\",\"verdict\":\"refused\","
		 "\"code\":\"%s\",\"device_path\":\"subscriptions/a/registries/"
		 "r/devices/d-%d\",\"remote_addr\":\"192.0.2.7\","
		 "\"fingerprint_sha256\":\"" FINGERPRINT "\"}",
		 code, device);
	note(v, text);
}

struct wanted {
	const char *verdict, *code;
	uint64_t count;
	int pairs;
};

static void find(void *arg, const char *verdict, const char *code,
		 uint64_t count)
{
	struct wanted *w = arg;

	if (strcmp(verdict, w->verdict) == 0 && strcmp(code, w->code) == 0) {
		w->count = count;
		w->pairs++;
	}
}

static uint64_t count_of(const struct verdicts *v, const char *verdict,
			 const char *code)
{
	struct wanted w = {verdict, code, 0, 0};

	verdicts_each(v, find, &w);
	assert_true(w.pairs <= 1);
	return w.count;
}

static void a_batch_counts_when_it_is_committed(void **state)
{
	struct verdicts *v = *state;

	refuse(v, "untrusted_issuer", 1);
	assert_int_equal(count_of(v, "refused", "untrusted_issuer"), 0);
	assert_int_equal(verdicts_refusals(v)->count, 0);
	verdicts_rollback(v);
	verdicts_commit(v);
	assert_int_equal(count_of(v, "refused", "untrusted_issuer"), 0);
	refuse(v, "untrusted_issuer", 1);
	verdicts_commit(v);
	verdicts_commit(v);
	assert_int_equal(count_of(v, "refused", "untrusted_issuer"), 1);
	assert_int_equal(verdicts_refusals(v)->count, 1);
}

static void other_verdicts_are_counted_and_not_listed(void **state)
{
	struct verdicts *v = *state;

	note(v, "{\"verdict\":\"accepted\",\"code\":\"connected\"}");
	note(v, "{\"verdict\":\"held\",\"code\":\"pending\"}");
	note(v, "{\"verdict\":\"ended\",\"code\":\"blocked\"}");
	/* a customer's decision, not the gate's */
	note(v, "{\"verdict\":\"refused\",\"code\":\"rejected\"}");
	verdicts_commit(v);
	assert_int_equal(count_of(v, "accepted", "connected"), 1);
	assert_int_equal(count_of(v, "held", "pending"), 1);
	assert_int_equal(count_of(v, "ended", "blocked"), 1);
	assert_int_equal(count_of(v, "refused", "rejected"), 1);
	assert_int_equal(verdicts_refusals(v)->count, 0);
}

/* So that an increase from nothing is one. */
static void every_code_of_a_refusal_is_there_once(void **state)
{
	static const struct {
		const char *name;
		bool refuses;
	} codes[] = {
#define X(text, refuses) {text, refuses},
		ZTP_WHY_LIST(X)
#undef X
			{"bad_proof", true},
		{"internal", false},
		{"other", true}};
	struct verdicts *v = *state;
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct wanted w = {"refused", codes[i].name, 0, 0};

		verdicts_each(v, find, &w);
		assert_int_equal(w.pairs, codes[i].refuses);
		assert_int_equal(w.count, 0);
	}
	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		refuse(v, codes[i].name, 1);
		verdicts_commit(v);
		assert_int_equal(count_of(v, "refused", codes[i].name), 1);
	}
}

static void what_is_unknown_is_other(void **state)
{
	struct verdicts *v = *state;

	note(v, "{\"verdict\":\"refused\",\"code\":\"of_tomorrow\"}");
	note(v, "{\"verdict\":\"of_tomorrow\",\"code\":\"connected\"}");
	note(v, "{\"verdict\":7}");
	note(v, "[]");
	verdicts_commit(v);
	assert_int_equal(count_of(v, "refused", "other"), 1);
	assert_int_equal(count_of(v, "other", "connected"), 1);
	assert_int_equal(count_of(v, "other", "other"), 2);
}

static void what_was_left_out_counts(void **state)
{
	struct verdicts *v = *state;

	note(v, "{\"verdict\":\"refused\",\"code\":\"audit_limited\","
		"\"omitted\":4711}");
	verdicts_commit(v);
	assert_int_equal(count_of(v, "refused", "audit_limited"), 4711);
	assert_int_equal(verdicts_refusals(v)->list[0].count, 4711);
}

static void a_refusal_says_who_and_when(void **state)
{
	struct verdicts *v = *state;
	const struct refusal *list[REFUSALS_MAX];
	uint8_t fingerprint[ZTP_SHA256_LEN];

	assert_true(ztp_hex_decode(fingerprint, sizeof(fingerprint),
				   FINGERPRINT, strlen(FINGERPRINT)));
	refuse(v, "bad_proof", 1);
	refuse(v, "bad_proof", 2);
	verdicts_commit(v);
	refuse(v, "bad_proof", 1);
	verdicts_commit(v);
	assert_int_equal(refusals_list(verdicts_refusals(v), list), 2);
	assert_string_equal(list[0]->path,
			    "subscriptions/a/registries/r/devices/d-1");
	assert_int_equal(list[0]->count, 2);
	assert_string_equal(list[0]->code, "bad_proof");
	assert_string_equal(list[0]->remote_addr, "192.0.2.7");
	assert_int_equal(list[0]->at, 1767323045678);
	assert_true(list[0]->has_fingerprint);
	assert_memory_equal(list[0]->fingerprint, fingerprint,
			    sizeof(fingerprint));
	assert_int_equal(list[1]->count, 1);
}

/* What is no path, address or fingerprint is not shown as one. */
static void only_what_is_well_formed_is_kept(void **state)
{
	struct verdicts *v = *state;
	const struct refusal *r = verdicts_refusals(v)->list;

	note(v, "{\"verdict\":\"refused\",\"code\":\"bad_path\",\"at\":\"now\","
		"\"device_path\":\"a secret\",\"fingerprint_sha256\":\"abc\","
		"\"remote_addr\":\"0123456789012345678901234567890123456789"
		"012345678901234567890123456789\",\"password\":\"hush\"}");
	verdicts_commit(v);
	assert_int_equal(verdicts_refusals(v)->count, 1);
	assert_string_equal(r->path, "");
	assert_string_equal(r->remote_addr, "");
	assert_false(r->has_fingerprint);
	assert_int_equal(r->at, 0);
}

static void a_flood_hides_nothing_else(void **state)
{
	struct verdicts *v = *state;
	const struct refusal *list[REFUSALS_MAX];
	int i, n, others = 0;

	refuse(v, "untrusted_issuer", 1);
	refuse(v, "too_many", 1);
	for (i = 0; i < 10 * REFUSALS_MAX; i++) {
		refuse(v, "bad_proof", i);
		if (i % 7 == 0)
			verdicts_commit(v);
	}
	verdicts_commit(v);
	n = refusals_list(verdicts_refusals(v), list);
	assert_int_equal(n, REFUSALS_MAX);
	for (i = 0; i < n; i++)
		others += strcmp(list[i]->code, "bad_proof") != 0;
	assert_int_equal(others, 2);
	assert_string_equal(list[0]->path,
			    "subscriptions/a/registries/r/devices/d-639");
	assert_string_equal(list[n - 1]->code, "untrusted_issuer");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_batch_counts_when_it_is_committed),
		T(other_verdicts_are_counted_and_not_listed),
		T(every_code_of_a_refusal_is_there_once),
		T(what_is_unknown_is_other),
		T(what_was_left_out_counts),
		T(a_refusal_says_who_and_when),
		T(only_what_is_well_formed_is_kept),
		T(a_flood_hides_nothing_else),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
