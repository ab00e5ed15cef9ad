/* What is kept of the requests and decisions, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tools/serve/book.h"
#include "tools/serve/decided.h"
#include "tools/serve/links.h"

#define PATH "subscriptions/a/registries/b/devices/"

static void ask(struct book *book, const char *id, const char *device)
{
	struct ztp_ask asked = {.expires_at = 1000};

	(void)snprintf(asked.request_id, sizeof(asked.request_id), "%s", id);
	(void)snprintf(asked.path, sizeof(asked.path), PATH "%s", device);
	assert_true(book_ask(book, &asked, "{}", 2));
}

static void say(struct book *book, const char *id, const char *device,
		enum ztp_outcome outcome, const struct key *decision)
{
	struct said said = {.outcome = outcome, .text = "{}", .len = 2};

	(void)snprintf(said.id, sizeof(said.id), "%s", id);
	(void)snprintf(said.path, sizeof(said.path), PATH "%s", device);
	assert_true(book_say(book, &said, decision));
}

static void open_until_it_ends(void **state)
{
	struct book book = {.open_count = 0};
	struct request *request;

	(void)state;
	ask(&book, "2", "x");
	ask(&book, "1", "y");
	ask(&book, "3", "x");
	ask(&book, "2", "x"); /* announced again */
	assert_int_equal(book.open_count, 3);
	assert_string_equal(book.open[0]->id, "1");
	assert_int_equal(book_after(&book, "2"), 2);
	assert_int_equal(book.bytes, 6);
	request = book_find(&book, "2");
	assert_true(request_is_open(request, 999));
	assert_false(request_is_open(request, 1000));
	say(&book, "2", "x", ZTP_OUTCOME_ONBOARDED, NULL);
	assert_false(request_is_open(request, 0));
	assert_int_equal(book.open_count, 2);
	ask(&book, "2", "x"); /* an old record, read again */
	assert_int_equal(book.open_count, 2);
	/* The path's: the one that ended comes first. */
	request = book_of_path(&book, PATH "x");
	assert_string_equal(request->id, "2");
	assert_string_equal(request->next->id, "3");
	assert_null(request->next->next);
	assert_null(book_of_path(&book, PATH "z"));
	book_clear(&book);
}

static void ended_before_it_was_read(void **state)
{
	struct book book = {.open_count = 0};

	(void)state;
	say(&book, "1", "x", ZTP_OUTCOME_REJECTED, NULL);
	ask(&book, "1", "x");
	assert_int_equal(book.open_count, 0);
	say(&book, "2", "x", ZTP_OUTCOME_UNKNOWN_REQUEST, NULL);
	assert_null(book_find(&book, "2"));
	book_clear(&book);
}

static void decided_until_that_is_found_wrong(void **state)
{
	struct book book = {.open_count = 0};
	struct key first, second;
	struct request *request;

	(void)state;
	position_key(&first, "t", 0, 1);
	position_key(&second, "t", 0, 2);
	ask(&book, "1", "x");
	request = book_find(&book, "1");
	book_decide(&book, "1", &second);
	assert_false(request_is_open(request, 0));
	say(&book, "1", "x", ZTP_OUTCOME_MISMATCH, &first);
	assert_false(request_is_open(request, 0));
	say(&book, "1", "x", ZTP_OUTCOME_INVALID, &second);
	assert_true(request_is_open(request, 0));
	book_clear(&book);
}

static void the_oldest_ended_are_forgotten(void **state)
{
	struct book book = {.open_count = 0};
	char id[32];

	(void)state;
	for (int i = 0; i <= BOOK_ENDED_MAX; i++) {
		(void)snprintf(id, sizeof(id), "r%d", i);
		say(&book, id, i % 2 ? "x" : "y", ZTP_OUTCOME_REJECTED, NULL);
	}
	assert_int_equal(book.ended_count, BOOK_ENDED_MAX);
	assert_null(book_find(&book, "r0"));
	assert_non_null(book_find(&book, "r1"));
	book_clear(&book);
}

static void no_more_open_ones_than_may_be(void **state)
{
	struct book book = {.open_count = 0};
	char id[32];

	(void)state;
	for (int i = 0; i < BOOK_OPEN_MAX; i++) {
		assert_false(book_full(&book));
		(void)snprintf(id, sizeof(id), "r%06d", i);
		ask(&book, id, id);
	}
	assert_true(book_full(&book));
	say(&book, "r000007", "r000007", ZTP_OUTCOME_REJECTED, NULL);
	assert_false(book_full(&book));
	book.bytes = BOOK_BYTES_MAX;
	assert_true(book_full(&book));
	book_clear(&book);
}

static void the_first_with_an_event_keeps_it(void **state)
{
	struct decided_list list = {.count = 0};
	struct decided *first, *second;
	struct key one, two, event;

	(void)state;
	position_key(&one, "t", 0, 1);
	position_key(&two, "t", 0, 2);
	key_make(&event, 'e', "x", 1);
	first = decided_at(&list, &one);
	second = decided_at(&list, &two);
	assert_true(decided_name(&list, first, &event));
	assert_true(decided_name(&list, second, &event));
	assert_true(first->has_event);
	assert_false(second->has_event);
	assert_ptr_equal(decided_find(&list, &event), first);
	assert_true(decided_answer(first, "onboarded", 9, 200));
	assert_true(decided_answer(first, "applied", 7, 200));
	assert_string_equal(first->result, "onboarded");
	assert_ptr_equal(decided_at(&list, &one), first);
	decided_clear(&list);
}

static void the_oldest_decisions_are_forgotten(void **state)
{
	struct decided_list list = {.count = 0};
	struct key position, event;

	(void)state;
	for (int i = 0; i <= DECIDED_MAX; i++) {
		struct decided *decided;

		position_key(&position, "t", 0, i);
		decided = decided_at(&list, &position);
		assert_non_null(decided);
		key_make(&event, 'e', &i, sizeof(i));
		assert_true(decided_name(&list, decided, &event));
	}
	assert_int_equal(list.count, DECIDED_MAX);
	for (int i = 0; i < 2; i++) {
		key_make(&event, 'e', &i, sizeof(i));
		assert_int_equal(decided_find(&list, &event) != NULL, i == 1);
	}
	decided_clear(&list);
}

static void what_connections_may_hold(void **state)
{
	struct links links = {.open = 0};
	struct link *a = links_join(&links, -1, 0);
	struct link *b = links_join(&links, -1, 0);

	(void)state;
	assert_true(links_hold(&links, a, LINKS_BYTES_MAX));
	assert_false(links_hold(&links, b, 1));
	links_turn(&links, a, LINK_READS, 5);
	assert_int_equal(links_end_late(&links, LINK_ASK_MS - 1), LINK_ASK_MS);
	links_turn(&links, b, LINK_WAITS, 5);
	assert_int_equal(links_end_late(&links, LINK_READ_MS),
			 LINK_READ_MS + 5);
	assert_int_equal(links_end_late(&links, LINK_READ_MS + 5), INT64_MAX);
	assert_true(a->ended && !b->ended);
	links_leave(&links, a);
	assert_true(links_hold(&links, b, 1));
	links_leave(&links, b);
	assert_int_equal(links.open, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_until_it_ends),
		cmocka_unit_test(ended_before_it_was_read),
		cmocka_unit_test(decided_until_that_is_found_wrong),
		cmocka_unit_test(the_oldest_ended_are_forgotten),
		cmocka_unit_test(no_more_open_ones_than_may_be),
		cmocka_unit_test(the_first_with_an_event_keeps_it),
		cmocka_unit_test(the_oldest_decisions_are_forgotten),
		cmocka_unit_test(what_connections_may_hold),
		cmocka_unit_test(who_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
