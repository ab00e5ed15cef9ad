/*
 * Whatever goes wrong, nothing is half done. Each step of the bridge is tried
 * with a disk that is full at the first, the second, the n-th statement, and
 * with memory that runs out at the first, the second, the n-th allocation. Each
 * time the step is rolled back as in the loop, and everything is as before.
 * Then it is done again, with the same result as if nothing had happened.
 */
#include "life_steps.h"

#include <sqlite3.h>

#include "starve.h"

/* --- what fails */

static _Thread_local int statements_left = STARVE_NEVER;

/* The test's function comes before the library's. */
int sqlite3_step(sqlite3_stmt *stmt)
{
	static int (*next)(sqlite3_stmt * stmt);

	NEXT(next, "sqlite3_step");
	if (statements_left == 0)
		return SQLITE_FULL;
	if (statements_left > 0)
		statements_left--;
	return next(stmt);
}

/* True when the count is used up or was never set. */
static bool is_over(int left)
{
	return left != 0;
}

/* --- rolling back */

/* Everything in the store, for comparison. */
struct picture {
	int64_t rows, outbox, counts[ZTP_STATE_END];
	int64_t what, tries, retry_at, due_at; /* of the newest row */
	int64_t announced_at, finished_at;
};

static void look_at_newest(struct life_case *c, struct picture *p)
{
	struct store_request r = life_row(c, p->rows);

	p->what = r.owed.what;
	p->tries = r.owed.tries;
	p->retry_at = r.owed.retry_at;
	p->due_at = r.owed.due_at;
	p->announced_at = r.announced_at;
	p->finished_at = r.finished_at;
}

static struct picture look(struct life_case *c)
{
	struct picture p = {.rows = life_newest(c)};
	int i;

	p.outbox = store_outbox_count(c->b.store);
	for (i = 1; i < ZTP_STATE_END; i++)
		p.counts[i] = store_count(c->b.store, (enum ztp_state)i);
	if (p.rows > 0)
		look_at_newest(c, &p);
	return p;
}

/* As the loop does. */
static void roll_back(struct life_case *c)
{
	store_rollback(c->b.store);
	store_mark_get(c->b.store, &c->b.mark);
	memset(&c->b.core.tally, 0, sizeof(c->b.core.tally));
	c->registrar.disposed_count = c->registrar.asked_count = 0;
	c->producer.count = 0;
}

static struct life_case *begin(const struct life_step *step)
{
	void *state = NULL;
	struct life_case *c;

	(void)(step->gate ? life_setup_gate : life_setup)(&state);
	c = state;
	step->before(c);
	life_commit(c);
	return c;
}

/* Rolled back, everything is as before; done again, the result is the right
 * one. */
static void undo_and_do(struct life_case *c, const struct life_step *step,
			const struct picture *before)
{
	int64_t now = c->b.core.now, offset = c->offset;
	struct picture after;

	roll_back(c);
	after = look(c);
	if (memcmp(&after, before, sizeof(after)) != 0)
		fail_msg("%s: not as before", step->name);
	life_ok(c, step->act(c));
	life_is(c, life_newest(c), step->state);
	if (store_outbox_count(c->b.store) != before->outbox + step->records)
		fail_msg(
			"%s: %d records", step->name,
			(int)(store_outbox_count(c->b.store) - before->outbox));
	roll_back(c);
	c->b.core.now = now;
	c->offset = offset;
}

/* Tries the step with a failure at the n-th use, for each n. A read that fails
 * may also mean that there is nothing to do this time. */
static void break_at_each(const struct life_step *step, int *left, int code)
{
	struct life_case *c = begin(step);
	struct picture before = look(c);
	int64_t now = c->b.core.now;
	int n, rc, failed = 0;
	bool over = false;

	for (n = 0; !over; n++) {
		*left = n;
		rc = step->act(c);
		over = is_over(*left);
		*left = STARVE_NEVER;
		c->b.core.now = now;
		if (rc > 0 || (over && rc != 0))
			fail_msg("%s, %d: %d", step->name, n, rc);
		if (rc < 0 && rc != code && rc != ZTP_ERR_IO)
			fail_msg("%s, %d: %s", step->name, n,
				 ztp_err_name((enum ztp_err)rc));
		failed += rc < 0;
		undo_and_do(c, step, &before);
		assert_true(n < 2000);
	}
	/* Not every step needs memory; that depends on SQLite's release. */
	assert_true(failed > 0 || left == &allocations_left);
	life_teardown((void *[]){c});
}

static void a_full_disk_undoes_it(void **state)
{
	break_at_each(*state, &statements_left, ZTP_ERR_FULL);
}

static void a_want_of_memory_undoes_it(void **state)
{
	break_at_each(*state, &allocations_left, ZTP_ERR_NOMEM);
}

/* --- commands: what cannot be sent now is sent in the next turn */

static void owe_it(struct life_case *c, int losses)
{
	struct store_request r = life_row(c, 1);

	r.owed.tries = 0;
	r.owed.losses = losses;
	r.owed.retry_at = c->b.core.now;
	life_save(c, &r);
	life_commit(c);
}

static void said_once_all_the_same(struct life_case *c, int *left, int losses)
{
	bool over = false, failed = false;
	int n;

	(void)life_put(c, PUMP, 1, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
	owe_it(c, losses);
	for (n = 0; !over; n++) {
		life_up(c, 10);
		*left = n;
		commands_pump(c->b.commands);
		over = is_over(*left);
		*left = STARVE_NEVER;
		failed |= life_logged(c, "command_failed");
		life_pass(c, 100);
		commands_pump(c->b.commands);
		assert_int_equal(c->mqtt.count, 1);
		/* A new connection, on which it is sent again. */
		life_puback(c, 0, 0x10);
		life_turn(c);
		life_down(c);
		owe_it(c, losses);
		c->mqtt.count = 0;
	}
	assert_true(failed);
}

static void a_store_that_cannot_be_read_delays_a_command(void **state)
{
	said_once_all_the_same(*state, &statements_left, 0);
}

static void a_store_that_cannot_be_read_delays_a_suspect(void **state)
{
	said_once_all_the_same(*state, &statements_left, 1);
}

static void a_want_of_memory_delays_a_suspect(void **state)
{
	said_once_all_the_same(*state, &allocations_left, 1);
}

static void a_want_of_memory_delays_a_command(void **state)
{
	said_once_all_the_same(*state, &allocations_left, 0);
}

static void commands_need_memory(void **state)
{
	struct life_case *c = *state;
	struct commands *none = NULL;
	int rc;

	allocations_left = 0;
	rc = commands_new(&none, &c->b, &c->error);
	allocations_left = STARVE_NEVER;
	assert_int_equal(rc, ZTP_ERR_NOMEM);
	assert_null(none);
}

/* --- a test for each step and trouble */

#define STEPS_MAX 64

static struct CMUnitTest test_of(const struct life_step *step,
				 const char *trouble, CMUnitTestFunction func)
{
	static char names[2 * STEPS_MAX][64];
	static int count;
	char *name = names[count++];

	snprintf(name, sizeof(names[0]), "%s, %s", step->name, trouble);
	return (struct CMUnitTest){.name = name,
				   .test_func = func,
				   .initial_state = (void *)(uintptr_t)step};
}

int main(void)
{
	struct CMUnitTest tests[2 * STEPS_MAX + 3] = {
		LIFE_TEST(a_store_that_cannot_be_read_delays_a_command),
		LIFE_TEST(a_want_of_memory_delays_a_command),
		LIFE_TEST(a_store_that_cannot_be_read_delays_a_suspect),
		LIFE_TEST(a_want_of_memory_delays_a_suspect),
		LIFE_TEST(commands_need_memory),
	};
	size_t i, n = 3;

	for (i = 0; i < life_step_count && i < STEPS_MAX; i++) {
		const struct life_step *step = &life_steps[i];

		tests[n++] = test_of(step, "full disk", a_full_disk_undoes_it);
		tests[n++] =
			test_of(step, "no memory", a_want_of_memory_undoes_it);
	}
	return cmocka_run_group_tests_name("bridge_life_trouble", tests, NULL,
					   NULL);
}
