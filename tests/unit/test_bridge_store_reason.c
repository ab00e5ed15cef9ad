/* Why requests ended: kept across restarts, bounded, and gone with them. */
#include "store_case.h"

#include <string.h>

#define PLACES 4096

static void assert_reason(struct store_case *c, const struct store_request *r,
			  const char *text)
{
	char found[STORE_REASON_MAX + 1];

	assert_int_equal(store_reason_get(c->store, r, found, &c->error),
			 *text != '\0');
	assert_string_equal(found, text);
}

static void put(struct store_case *c, const struct store_request *r,
		const char *text)
{
	assert_int_equal(store_reason_put(c->store, r, text, &c->error), 0);
}

static void it_is_kept(void **state)
{
	struct store_case *c = *state;
	struct store_request one = store_case_add(c, 1, ZTP_STATE_FAILED);
	struct store_request other = store_case_add(c, 2, ZTP_STATE_FAILED);

	assert_reason(c, &one, "");
	put(c, &one, "INTERNAL: the disk is full");
	assert_reason(c, &one, "INTERNAL: the disk is full");
	assert_reason(c, &other, "");
	put(c, &one, "another");
	store_case_commit(c, 1);
	store_case_reopen(c);
	assert_reason(c, &one, "another");
}

static void a_long_one_is_cut_between_characters(void **state)
{
	struct store_case *c = *state;
	struct store_request r = store_case_add(c, 1, ZTP_STATE_FAILED);
	char text[2 * STORE_REASON_MAX + 2] = "x", wanted[STORE_REASON_MAX + 1];
	int i;

	for (i = 0; i < STORE_REASON_MAX; i++)
		memcpy(text + 1 + 2 * i, "\xc3\xbc", 2);
	snprintf(wanted, sizeof(wanted), "%.*s", STORE_REASON_MAX - 1, text);
	put(c, &r, text);
	assert_reason(c, &r, wanted);
}

/* The texts have a bound, so a later request may take an earlier one's place. */
static void a_later_one_may_need_the_place(void **state)
{
	struct store_case *c = *state;
	struct store_request one = store_case_add(c, 1, ZTP_STATE_FAILED);
	struct store_request later = store_case_request(2);

	later.n = one.n + PLACES;
	put(c, &one, "why");
	assert_reason(c, &later, "");
	put(c, &later, "because");
	assert_reason(c, &one, "");
	assert_reason(c, &later, "because");
}

/* Row numbers may be used again. */
static void what_is_evicted_loses_it(void **state)
{
	struct store_case *c = *state;
	struct store_request r = store_case_add(c, 1, ZTP_STATE_FAILED);
	struct store_request again = store_case_request(1);

	put(c, &r, "why");
	store_case_commit(c, 1);
	assert_int_equal(store_evict(c->store, 0, false, 10, &c->error), 1);
	again.n = r.n;
	assert_reason(c, &again, "");
	assert_reason(c, &r, "");
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(it_is_kept),
		T(a_long_one_is_cut_between_characters),
		T(a_later_one_may_need_the_place),
		T(what_is_evicted_loses_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
