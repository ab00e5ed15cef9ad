/* What is to be tried, kept in memory: it is what the database says, whatever
 * happens, and it is bounded. */
#include "store_case.h"

#define MANY (STORE_QUEUE_MAX + 300)

struct rows {
	int64_t n[STORE_QUEUE_MAX];
	int count;
};

static int note(void *arg, const struct store_owed *owed)
{
	struct rows *rows = arg;

	assert_true(rows->count < STORE_QUEUE_MAX);
	rows->n[rows->count++] = owed->n;
	return 0;
}

static struct rows fresh(struct store_case *c, int64_t until, int limit)
{
	struct rows rows = {.count = 0};

	assert_int_equal(store_retry_each(c->store, true, until, limit, note,
					  &rows, &c->error),
			 0);
	return rows;
}

static void owe(struct store_case *c, struct store_request *r,
		enum ztp_owed what, int tries, int losses, int64_t retry_at)
{
	r->owed.what = what;
	r->owed.tries = tries;
	r->owed.losses = losses;
	r->owed.retry_at = retry_at;
	assert_int_equal(store_request_save(c->store, r, &c->error), 0);
}

static struct store_request add(struct store_case *c, int i, int64_t retry_at)
{
	struct store_request r = store_case_add(c, i, ZTP_STATE_REGISTERED);

	owe(c, &r, ZTP_OWED_SEND, 0, 0, retry_at);
	return r;
}

static struct store_request row(struct store_case *c, int64_t n)
{
	struct store_request r;

	assert_int_equal(store_request_by_n(c->store, n, &r, &c->error), 1);
	return r;
}

static void a_write_changes_them(void **state)
{
	struct store_case *c = *state;
	struct store_request r;
	struct rows rows;
	int i;

	assert_int_equal(store_next_retry(c->store, true), 0);
	for (i = 0; i < 4; i++)
		add(c, i, i == 3 ? 400 : 500);
	rows = fresh(c, 1000, 10);
	assert_int_equal(rows.count, 4); /* by time, then by row */
	assert_int_equal(rows.n[0], 4);
	assert_int_equal(rows.n[1], 1);
	assert_int_equal(rows.n[3], 3);
	assert_int_equal(fresh(c, 499, 10).count, 1);
	assert_int_equal(fresh(c, 1000, 2).count, 2);
	r = row(c, 1);
	owe(c, &r, ZTP_OWED_REGISTER, 0, 0, 500); /* in its place */
	assert_true(store_queues_agree(c->store));
	owe(c, &r, ZTP_OWED_REGISTER, 1, 0, 700);
	assert_int_equal(fresh(c, 1000, 10).count, 3);
	assert_int_equal(store_next_retry(c->store, false), 700);
	owe(c, &r, ZTP_OWED_REGISTER, 1, 1, 700);
	assert_int_equal(store_next_retry(c->store, false), 0);
	assert_int_equal(store_next_suspect(c->store), 700);
	owe(c, &r, ZTP_OWED_NONE, 0, 0, 0);
	assert_int_equal(store_next_suspect(c->store), 0);
	assert_true(store_queues_agree(c->store));
	assert_int_equal(store_absent(c->store, &c->error), 0);
	assert_int_equal(store_next_retry(c->store, true), 0);
	assert_true(store_queues_agree(c->store));
}

static void a_rollback_takes_them_back(void **state)
{
	struct store_case *c = *state;
	struct store_request r = add(c, 0, 500);

	store_case_commit(c, 1);
	assert_int_equal(store_next_retry(c->store, true), 500);
	owe(c, &r, ZTP_OWED_SEND, 0, 0, 300);
	add(c, 1, 200);
	assert_int_equal(store_next_retry(c->store, true), 200);
	store_rollback(c->store);
	assert_int_equal(store_next_retry(c->store, true), 500);
	assert_int_equal(fresh(c, 1000, 10).count, 1);
	assert_true(store_queues_agree(c->store));
}

/* More than is kept: what is kept is the beginning, in order, and none of the
 * rest is missed. */
static void a_long_queue_is_kept_in_part(void **state)
{
	struct store_case *c = *state;
	struct store_request r;
	struct rows rows;
	int i, left = MANY;

	(void)fresh(c, 1000000, 1); /* from now on writes change the list */
	for (i = 0; i < MANY; i++)  /* in no order, the last are early */
		add(c, i, 1000 + (i * 7919) % MANY);
	store_case_commit(c, 1);
	while (left > 0) {
		rows = fresh(c, 1000000, 64);
		assert_int_equal(rows.count, left < 64 ? left : 64);
		assert_true(store_queues_agree(c->store));
		for (i = 0; i < rows.count; i++) {
			r = row(c, rows.n[i]);
			assert_int_equal(r.owed.retry_at, 1000 + MANY - left);
			left--;
			owe(c, &r, ZTP_OWED_NONE, 0, 0, 0);
		}
	}
	assert_int_equal(store_next_retry(c->store, true), 0);
}

static int pass_all_but(void *arg, const struct store_owed *owed)
{
	int64_t *n = arg;

	if (owed->n < *n)
		return STORE_PASSED;
	*n = -owed->n;
	return 2;
}

/* What does not count is passed over, as far as what is kept goes, even if some
 * of it has to be loaded again. */
static void who_does_not_count_hides_nobody(void **state)
{
	struct store_case *c = *state;
	int64_t n = STORE_QUEUE_MAX + 9;
	struct store_request r;
	int i;

	for (i = 0; i < MANY; i++)
		add(c, i, 500);
	store_case_commit(c, 1);
	(void)fresh(c, 1000, 10);
	for (i = 1; i <= 9; i++) {
		r = row(c, i);
		owe(c, &r, ZTP_OWED_NONE, 0, 0, 0);
	}
	assert_int_equal(store_retry_each(c->store, true, 1000, 10,
					  pass_all_but, &n, &c->error),
			 2);
	assert_int_equal(n, -(STORE_QUEUE_MAX + 9));
	n = MANY + 1; /* what is kept has a bound */
	assert_int_equal(store_retry_each(c->store, true, 1000, 10,
					  pass_all_but, &n, &c->error),
			 0);
}

static void a_start_reads_them(void **state)
{
	struct store_case *c = *state;
	int i;

	for (i = 0; i < MANY; i++)
		add(c, i, 1000 + MANY - i);
	store_case_commit(c, 1);
	store_case_reopen(c);
	assert_int_equal(store_next_retry(c->store, true), 1001);
	assert_int_equal(fresh(c, 1000000, STORE_QUEUE_MAX).n[0], MANY);
	assert_true(store_queues_agree(c->store));
	/* Before and behind what is kept. */
	add(c, MANY, 1);
	add(c, MANY + 1, 1000000);
	assert_int_equal(store_next_retry(c->store, true), 1);
	assert_true(store_queues_agree(c->store));
}

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static void whatever_is_written_they_agree(void **state)
{
	struct store_case *c = *state;
	struct store_request r;
	uint32_t seed = 7;
	int i, rows = 0;

	for (i = 0; i < 20000; i++) {
		uint32_t what = draw(&seed, 100);

		if (rows == 0 || (what < 20 && rows < MANY)) {
			add(c, rows++, 1 + draw(&seed, 5000));
		} else if (what < 90) {
			r = row(c, 1 + draw(&seed, (uint32_t)rows));
			owe(c, &r, (enum ztp_owed)draw(&seed, ZTP_OWED_END),
			    (int)draw(&seed, 2), draw(&seed, 8) == 0,
			    draw(&seed, 4) ? 1 + draw(&seed, 5000) : 0);
		} else if (what < 99) {
			(void)fresh(c, 5000, (int)draw(&seed, 700));
			(void)store_next_retry(c->store, false);
			(void)store_next_suspect(c->store);
		} else {
			store_case_commit(c, i);
		}
		if (i % 50 == 0 && !store_queues_agree(c->store))
			fail_msg("they differ after %d writes", i);
	}
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, store_case_setup,                \
					store_case_teardown)
	const struct CMUnitTest tests[] = {
		T(a_write_changes_them),
		T(a_rollback_takes_them_back),
		T(a_long_queue_is_kept_in_part),
		T(who_does_not_count_hides_nobody),
		T(a_start_reads_them),
		T(whatever_is_written_they_agree),
	};

	return cmocka_run_group_tests_name("bridge_store_queue", tests, NULL,
					   NULL);
}
