/* Which finished requests go, by number and by age, and which stay. */
#include "bridge/loop/evict.h"

#include "tests/unit/store_case.h"

#define COOLDOWN  3600000
#define RETENTION 86400000
#define NOW	  (10 * (int64_t)RETENTION)

struct evict_case {
	struct store_case store;
	struct config config;
	struct bridge b;
	struct eviction eviction;
	int added;
};

static int setup(void **state)
{
	struct evict_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	scratch_make(&c->store.scratch);
	store_case_open(&c->store);
	c->config.store.max_finished = 2;
	c->config.store.retention_ms = RETENTION;
	c->config.onboarding.reject_cooldown_ms = COOLDOWN;
	c->b.store = c->store.store;
	c->b.core.config = &c->config;
	c->b.core.now = NOW;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct evict_case *c = *state;

	store_close(c->store.store);
	scratch_remove(&c->store.scratch);
	free(c);
	return 0;
}

static void add(struct evict_case *c, int count, enum ztp_state state,
		int64_t age)
{
	struct store_request r;

	for (; count > 0; count--) {
		r = store_case_request(c->added++);
		r.state = state;
		r.finished_at = NOW - age;
		assert_int_equal(
			store_request_add(c->b.store, &r, &c->store.error), 0);
	}
}

static void run(struct evict_case *c, int rejected, int others, bool more)
{
	assert_int_equal(evict(&c->eviction, &c->b, &c->store.error), 0);
	assert_int_equal(store_count(c->b.store, ZTP_STATE_REJECTED), rejected);
	assert_int_equal(store_finished(c->b.store) - rejected, others);
	assert_int_equal(c->eviction.more, more);
}

/* Older or younger, the others go first. */
static void a_cool_down_outlives_the_number(void **state)
{
	struct evict_case *c = *state;

	add(c, 1, ZTP_STATE_REJECTED, COOLDOWN - 1);
	add(c, 3, ZTP_STATE_EXPIRED, 5);
	add(c, 4, ZTP_STATE_REJECTED, 0);
	run(c, 5, 0, false);
	c->b.core.now += 1; /* the first is over */
	run(c, 4, 0, false);
	c->b.core.now += COOLDOWN;
	run(c, 2, 0, false);
	run(c, 2, 0, false);
}

static void a_cool_down_outlives_the_age(void **state)
{
	struct evict_case *c = *state;

	c->config.store.max_finished = 100;
	c->config.onboarding.reject_cooldown_ms = 2 * RETENTION;
	add(c, 1, ZTP_STATE_REJECTED, RETENTION);
	add(c, 1, ZTP_STATE_EXPIRED, RETENTION);
	add(c, 1, ZTP_STATE_EXPIRED, RETENTION - 1);
	run(c, 1, 1, false);
	c->b.core.now += RETENTION;
	run(c, 0, 0, false);
}

/* As many as they are, each is visited once, a batch at a time. */
static void many_that_cool_down_are_passed_over(void **state)
{
	struct evict_case *c = *state;

	add(c, 1100, ZTP_STATE_REJECTED, 7);
	add(c, 3, ZTP_STATE_FAILED, 6);
	run(c, 1100, 3, true);
	run(c, 1100, 3, true);
	run(c, 1100, 0, false);
	add(c, 1, ZTP_STATE_CONFLICT, 0);
	run(c, 1100, 0, false);
	/* What a rollback brings back is found again. */
	store_rollback(c->b.store);
	c->eviction.place = (struct store_place){0};
	run(c, 0, 0, false);
}

static void the_newest_stay(void **state)
{
	struct evict_case *c = *state;

	add(c, 600, ZTP_STATE_FAILED, 20);
	add(c, 2, ZTP_STATE_EXPIRED, 10);
	run(c, 0, 90, true);
	run(c, 0, 2, false);
	assert_int_equal(store_count(c->b.store, ZTP_STATE_EXPIRED), 2);
}

/* However many they are: the gate has not let go of them. */
static void who_is_to_be_told_stays(void **state)
{
	static const enum ztp_owed owed[] = {
		ZTP_OWED_RELEASE, ZTP_OWED_NOTICE_CHECK, ZTP_OWED_NOTICE_WAIT,
		ZTP_OWED_NOTICE_SEND};
	struct evict_case *c = *state;
	struct store_request r;
	size_t i;

	for (i = 0; i < 2 * sizeof(owed) / sizeof(*owed); i++) {
		r = store_case_request(c->added++);
		r.state = i % 2 ? ZTP_STATE_EXPIRED : ZTP_STATE_REJECTED;
		r.finished_at = NOW - 2 * RETENTION;
		r.owed.what = owed[i / 2];
		r.owed.retry_at = owed[i / 2] == ZTP_OWED_NOTICE_WAIT ? 0 : NOW;
		assert_int_equal(
			store_request_add(c->b.store, &r, &c->store.error), 0);
	}
	add(c, 3, ZTP_STATE_CONFLICT, 5);
	run(c, 4, 4, false);
	assert_int_equal(store_count(c->b.store, ZTP_STATE_CONFLICT), 0);
	for (i = 1; i <= 8; i++) {
		assert_int_equal(store_request_by_n(c->b.store, (int64_t)i, &r,
						    &c->store.error),
				 1);
		r.owed = (struct ztp_obligation){0};
		assert_int_equal(
			store_request_save(c->b.store, &r, &c->store.error), 0);
	}
	c->eviction.place = (struct store_place){0};
	run(c, 0, 0, false);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_cool_down_outlives_the_number),
		CASE(a_cool_down_outlives_the_age),
		CASE(many_that_cool_down_are_passed_over),
		CASE(the_newest_stay),
		CASE(who_is_to_be_told_stays),
	};

	return cmocka_run_group_tests_name("evict", tests, NULL, NULL);
}
