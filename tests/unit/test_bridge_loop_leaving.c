/* Which turn of a bridge that leaves is its last: what it stands on is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/loop/loop_internal.h"
#include "bridge/mqtt/mqtt_in.h"
#include "bridge/mqtt/mqtt_out.h"

static bool replaying;
static uint64_t backlog;

bool leftovers_replaying(const struct leftovers *leftovers)
{
	(void)leftovers;
	return replaying;
}

uint64_t journal_backlog(const struct journal *journal,
			 const struct journal_mark *mark)
{
	(void)journal, (void)mark;
	return backlog;
}

bool mqtt_in_closed(const struct mqtt_in *in)
{
	(void)in;
	return true;
}

void mqtt_in_pause(struct mqtt_in *in, const char *reason)
{
	(void)in, (void)reason;
}

void mqtt_out_stop(struct mqtt_out *out)
{
	(void)out;
}

static int setup(void **state)
{
	static struct loop loop;

	loop = (struct loop){.leaving = true};
	replaying = false;
	backlog = 0;
	*state = &loop;
	return 0;
}

static void when_nothing_is_left(void **state)
{
	assert_true(loop_leaving_is_last(*state));
	backlog = 1;
	assert_false(loop_leaving_is_last(*state));
}

/* Somebody who reads what is not committed may have been asked by it. */
static void not_before_an_undone_turn_is_done_again(void **state)
{
	struct loop *l = *state;

	l->b.told.offset = 1;
	assert_false(loop_leaving_is_last(l));
	l->b.mark.offset = 1;
	assert_true(loop_leaving_is_last(l));
	replaying = true; /* what another bridge has handed over */
	assert_false(loop_leaving_is_last(l));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(when_nothing_is_left),
		TEST(not_before_an_undone_turn_is_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
