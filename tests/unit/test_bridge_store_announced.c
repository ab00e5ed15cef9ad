/* Which requests count as announced in time, in the store. */
#include "store_case.h"

#include "bridge/store/store_state.h"

/* Kafka's word that a request is there counts until its deadline, once. */
static void test_announced_in_time(void **state)
{
	struct store_case *c = *state;
	struct store_request r = store_case_add(c, 1, ZTP_STATE_RECEIVED);
	int64_t deadline = r.owed.due_at;

	assert_int_equal(store_request_announced(c->store, r.n, r.n, deadline,
						 &c->error),
			 0);
	assert_int_equal(store_request_by_n(c->store, r.n, &r, &c->error), 1);
	assert_int_equal(r.state, ZTP_STATE_RECEIVED);
	assert_int_equal(store_request_announced(c->store, r.n, r.n,
						 deadline - 1, &c->error),
			 0);
	assert_int_equal(store_request_by_n(c->store, r.n, &r, &c->error), 1);
	assert_int_equal(r.state, ZTP_STATE_REQUESTED);
	assert_int_equal(
		store_request_announced(c->store, r.n, r.n, 1, &c->error), 0);
	assert_int_equal(store_count(c->store, ZTP_STATE_RECEIVED), 0);
	assert_int_equal(store_count(c->store, ZTP_STATE_REQUESTED), 1);
}

static enum ztp_state state_of(struct store_case *c, int64_t n)
{
	struct store_request r;

	assert_int_equal(store_request_by_n(c->store, n, &r, &c->error), 1);
	return r.state;
}

/* A turn was committed only when some of them were due. */
static void test_asked_too_late(void **state)
{
	struct store_case *c = *state;
	struct store_request r[3];
	struct store_late late;
	int64_t due, since;
	int i;

	for (i = 0; i < 3; i++)
		r[i] = store_case_add(c, i + 1, ZTP_STATE_REQUESTED);
	due = r[0].owed.due_at;
	since = due - 100;
	r[0].announced_at = since - 1; /* in a turn before */
	r[1].announced_at = r[2].announced_at = since;
	r[1].owed.due_at = due;
	r[2].owed.due_at = due + 1;
	for (i = 0; i < 3; i++)
		assert_int_equal(store_request_save(c->store, &r[i], &c->error),
				 0);
	late = (struct store_late){.last = INT64_MAX,
				   .since = since,
				   .until = due,
				   .took = due - since - 1};
	assert_int_equal(store_request_unasked(c->store, &late, &c->error), 0);
	assert_int_equal(store_count(c->store, ZTP_STATE_RECEIVED), 0);
	late.took++;
	late.last = r[0].n; /* not it */
	assert_int_equal(store_request_unasked(c->store, &late, &c->error), 0);
	late.first = r[2].n;
	late.last = INT64_MAX;
	assert_int_equal(store_request_unasked(c->store, &late, &c->error), 0);
	assert_int_equal(store_count(c->store, ZTP_STATE_RECEIVED), 0);
	late.first = late.last = r[1].n;
	assert_int_equal(store_request_unasked(c->store, &late, &c->error), 0);
	assert_int_equal(state_of(c, r[0].n), ZTP_STATE_REQUESTED);
	assert_int_equal(state_of(c, r[1].n), ZTP_STATE_RECEIVED);
	assert_int_equal(state_of(c, r[2].n), ZTP_STATE_REQUESTED);
	assert_int_equal(store_count(c->store, ZTP_STATE_RECEIVED), 1);
	assert_int_equal(store_count(c->store, ZTP_STATE_REQUESTED), 2);
}

/* Its event came in an earlier turn, which was undone. Of several bridges, the next
 * one knows the last turn by its time. */
static void test_asked_in_the_last_turn(void **state)
{
	struct store_case *c = *state;
	struct store_request r;
	int64_t turn;

	assert_int_equal(store_replicate(c->store, "ztp.decisions", &c->error),
			 0);
	r = store_case_add(c, 1, ZTP_STATE_RECEIVED);
	turn = r.owed.due_at - 10;
	r.announced_at = turn - 10;
	assert_int_equal(store_request_save(c->store, &r, &c->error), 0);
	assert_int_equal(
		store_request_announced(c->store, r.n, r.n, turn, &c->error),
		0);
	assert_int_equal(state_of(c, r.n), ZTP_STATE_REQUESTED);
	assert_int_equal(store_request_unasked(c->store,
					       &(struct store_late){
						       .last = INT64_MAX,
						       .since = turn,
						       .until = r.owed.due_at,
						       .took = INT64_MAX,
					       },
					       &c->error),
			 0);
	assert_int_equal(state_of(c, r.n), ZTP_STATE_RECEIVED);
}

/* Of several together, those that may. */
static void test_announced_together(void **state)
{
	struct store_case *c = *state;
	struct store_request r[4];
	int i;

	for (i = 0; i < 4; i++)
		r[i] = store_case_add(c, i, ZTP_STATE_RECEIVED);
	r[1].state = ZTP_STATE_APPROVED;
	assert_int_equal(store_request_save(c->store, &r[1], &c->error), 0);
	assert_int_equal(
		store_request_announced(c->store, r[0].n, r[2].n, 1, &c->error),
		0);
	assert_int_equal(store_count(c->store, ZTP_STATE_REQUESTED), 2);
	assert_int_equal(store_count(c->store, ZTP_STATE_RECEIVED), 1);
	assert_int_equal(store_count(c->store, ZTP_STATE_APPROVED), 1);
	assert_int_equal(store_request_by_n(c->store, r[3].n, &r[3], &c->error),
			 1);
	assert_int_equal(r[3].state, ZTP_STATE_RECEIVED);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_announced_in_time),
		T(test_asked_too_late),
		T(test_asked_in_the_last_turn),
		T(test_announced_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
