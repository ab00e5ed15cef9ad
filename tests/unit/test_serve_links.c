/*
 * tests/unit/test_serve_links.c - what the connections to the customer's door
 * may cost, and which of them give way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/serve/links.h"

static void their_time_is_bounded(void **state)
{
	struct links links = {.open = 0};
	struct link *a = links_join(&links, -1, 0);
	struct link *b = links_join(&links, -1, 0);

	(void)state;
	links_turn(&links, a, LINK_READS, 5);
	assert_int_equal(links_end_late(&links, LINK_ASK_MS - 1), LINK_ASK_MS);
	links_turn(&links, b, LINK_WAITS, 5);
	assert_int_equal(links_end_late(&links, LINK_READ_MS),
			 LINK_READ_MS + 5);
	assert_int_equal(links_end_late(&links, LINK_READ_MS + 5), INT64_MAX);
	assert_true(a->ended && !b->ended);
	links_leave(&links, a);
	links_leave(&links, b);
	assert_int_equal(links.open, 0);
}

/* A load balancer keeps its connections for a minute, and would send a request
 * just when it is closed here. */
static void who_was_let_in_may_be_idle(void **state)
{
	struct links links = {.open = 0};
	struct link *link = links_join(&links, -1, 0);

	(void)state;
	link->let_in = true;
	assert_int_equal(links_end_late(&links, LINK_ASK_MS), LINK_IDLE_MS);
	links_turn(&links, link, LINK_ASKS, 60000);
	assert_int_equal(links_end_late(&links, 60000), 60000 + LINK_ASK_MS);
	assert_false(link->ended);
	links_leave(&links, link);
}

static void who_holds_bytes_for_longest_gives_way(void **state)
{
	struct links links = {.open = 0};
	struct link *first = links_join(&links, -1, 0);
	struct link *second = links_join(&links, -1, 0);
	struct link *third = links_join(&links, -1, 0);

	(void)state;
	assert_true(links_hold(&links, second, LINKS_BYTES_MAX / 2, 1));
	assert_true(links_hold(&links, first, LINKS_BYTES_MAX / 4, 2));
	assert_true(links_hold(&links, second, LINKS_BYTES_MAX / 4, 3));
	assert_true(links_hold(&links, third, 1, 4));
	assert_true(second->ended && !first->ended);
	assert_int_equal(links.bytes, LINKS_BYTES_MAX / 4 + 1);
	assert_false(links_hold(&links, second, 1, 5)); /* it has ended */
	/* Itself, where nobody has held anything for longer. */
	assert_false(links_hold(&links, first, LINKS_BYTES_MAX, 6));
	assert_true(!first->ended && !third->ended);
	links_turn(&links, first, LINK_IDLE, 7);
	assert_int_equal(links.bytes, 1);
	while (links.first)
		links_leave(&links, links.first);
	assert_int_equal(links.bytes, 0);
}

static void who_gives_way(void **state)
{
	struct links links = {.open = 0};
	struct link *all[LINKS_MAX], *more;

	(void)state;
	for (int i = 0; i < LINKS_MAX; i++) {
		all[i] = links_join(&links, -1, i);
		links_turn(&links, all[i], i < 2 ? LINK_ASKS : LINK_WAITS, i);
	}
	links_turn(&links, all[1], LINK_READS, 0);
	more = links_join(&links, -1, 9);
	links_turn(&links, more, LINK_WAITS, 9);
	assert_true(all[0]->ended && !all[1]->ended);
	assert_non_null(links_join(&links, -1, 9));
	assert_true(all[1]->ended);
	links_turn(&links, links.first, LINK_WAITS, 9);
	assert_null(links_join(&links, -1, 9)); /* all others wait */
	while (links.first)
		links_leave(&links, links.first);
}

static void strangers_give_way_first(void **state)
{
	struct links links = {.open = 0};
	struct link *all[LINKS_MAX];

	(void)state;
	for (int i = 0; i < LINKS_MAX; i++) {
		all[i] = links_join(&links, -1, i);
		all[i]->let_in = i != LINKS_MAX - 1;
	}
	assert_non_null(links_join(&links, -1, LINKS_MAX));
	assert_true(all[LINKS_MAX - 1]->ended && !all[0]->ended);
	while (links.first)
		links_leave(&links, links.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(their_time_is_bounded),
		cmocka_unit_test(who_was_let_in_may_be_idle),
		cmocka_unit_test(who_holds_bytes_for_longest_gives_way),
		cmocka_unit_test(who_gives_way),
		cmocka_unit_test(strangers_give_way_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
