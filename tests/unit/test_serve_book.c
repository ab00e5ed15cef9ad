/*
 * tests/unit/test_serve_book.c - what the customer's door keeps of the requests,
 * and for how long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/serve/book.h"
#include "tools/serve/decided.h"

#define PATH "subscriptions/a/registries/b/devices/"

static void ask_in(const char *topic, struct book *book, const char *id,
		   const char *device, int64_t expires_at, int64_t now)
{
	struct ztp_ask asked = {.expires_at = expires_at};

	(void)snprintf(asked.request_id, sizeof(asked.request_id), "%s", id);
	(void)snprintf(asked.path, sizeof(asked.path), PATH "%s", device);
	assert_true(book_ask(book, &asked, topic, "{}", 2, now));
}

static void ask_until(struct book *book, const char *id, const char *device,
		      int64_t expires_at, int64_t now)
{
	ask_in("t", book, id, device, expires_at, now);
}

static void ask(struct book *book, const char *id, const char *device)
{
	ask_until(book, id, device, 1000, 0);
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
	assert_null(book_find(&book, "1")->decisions);
	ask(&book, "1", "x");
	assert_int_equal(book.open_count, 0);
	/* Who decides again all the same is answered by its own bridge. */
	assert_string_equal(book_find(&book, "1")->decisions, "t");
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

/* The bridge that asks now does not read what the one before was told. */
static void open_again_when_it_names_another_topic(void **state)
{
	struct book book = {.open_count = 0};
	struct request *request;
	struct key first;

	(void)state;
	position_key(&first, "t", 0, 1);
	ask(&book, "1", "x");
	request = book_find(&book, "1");
	book_decide(&book, "1", &first);
	ask(&book, "1", "x");
	assert_false(request_is_open(request, 0));
	ask_in("u", &book, "1", "x", 1000, 0);
	assert_true(request_is_open(request, 0));
	assert_string_equal(request->decisions, "u");
	assert_int_equal(book.open_count, 1);
	book_clear(&book);
}

/* An approved device may be away for long: who asks again meanwhile is told that
 * it has been decided, and not that it has ended so. */
static void said_again_it_has_not_ended(void **state)
{
	static const enum ztp_outcome again[] = {ZTP_OUTCOME_DUPLICATE,
						 ZTP_OUTCOME_ALREADY_DECIDED};
	struct book book = {.open_count = 0};
	struct key first;
	struct request *request;

	(void)state;
	position_key(&first, "t", 0, 1);
	say(&book, "1", "x", again[0], NULL); /* read before its request */
	assert_null(book_find(&book, "1"));
	ask(&book, "1", "x");
	ask(&book, "2", "x");
	book_decide(&book, "1", &first);
	for (size_t i = 0; i < 2; i++) {
		say(&book, "1", "x", again[i], NULL);
		say(&book, "2", "x", again[i], NULL);
	}
	for (request = book_of_path(&book, PATH "x"); request;
	     request = request->next) {
		assert_false(request->ended);
		assert_true(request->decided);
		assert_null(request->result);
	}
	say(&book, "1", "x", ZTP_OUTCOME_ONBOARDED, NULL);
	say(&book, "1", "x", ZTP_OUTCOME_DUPLICATE, NULL);
	request = book_find(&book, "1");
	assert_true(request->ended);
	assert_int_equal(request->outcome, ZTP_OUTCOME_ONBOARDED);
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

/* What is open is shown, however much has expired without a result. */
static void what_has_expired_makes_room(void **state)
{
	struct book book = {.open_count = 0};
	struct request *request;
	char id[32];

	(void)state;
	for (int i = 0; i < BOOK_OPEN_MAX; i++) {
		(void)snprintf(id, sizeof(id), "r%06d", i);
		ask_until(&book, id, id, i % 2 ? 100 : 200, 0);
	}
	assert_true(book_full(&book));
	book_lapse(&book, 99);
	assert_true(book_full(&book));
	book_lapse(&book, 100);
	assert_int_equal(book.open_count, BOOK_OPEN_MAX / 2);
	assert_int_equal(book.bytes, 2 * BOOK_OPEN_MAX / 2);
	request = book_find(&book, "r000001");
	assert_true(request->ended);
	assert_int_equal(request->outcome, ZTP_OUTCOME_EXPIRED);
	request = book.open[book_after(&book, "r000001")];
	assert_string_equal(request->id, "r000002");
	assert_true(request_is_open(request, 100));
	book_clear(&book);
}

/* There may be a result all the same, when the bridge is back. */
static void what_has_lapsed_may_still_end(void **state)
{
	struct book book = {.open_count = 0};
	struct request *request;

	(void)state;
	say(&book, "0", "w", ZTP_OUTCOME_REJECTED, NULL);
	ask_until(&book, "1", "x", 100, 0);
	ask_until(&book, "2", "y", 100, 100); /* read after its time */
	assert_int_equal(book.open_count, 1);
	book_lapse(&book, 100);
	assert_string_equal(book.oldest->id, "1"); /* forgotten first */
	assert_string_equal(book.newest->id, "0");
	say(&book, "1", "x", ZTP_OUTCOME_ONBOARDED, NULL);
	request = book_find(&book, "1");
	assert_int_equal(request->outcome, ZTP_OUTCOME_ONBOARDED);
	assert_non_null(request->result);
	assert_ptr_equal(book.newest, request);
	assert_string_equal(book.oldest->id, "2");
	assert_int_equal(book.ended_count, 3);
	book_clear(&book);
}

/* At the start: no result that is known makes room for it. */
static void what_has_expired_pushes_out_nothing(void **state)
{
	struct book book = {.open_count = 0};
	char id[32];

	(void)state;
	for (int i = 0; i < BOOK_ENDED_MAX; i++) {
		(void)snprintf(id, sizeof(id), "r%d", i);
		say(&book, id, "x", ZTP_OUTCOME_REJECTED, NULL);
	}
	ask_until(&book, "late", "x", 100, 100);
	assert_null(book_find(&book, "late"));
	assert_non_null(book_find(&book, "r0"));
	book_clear(&book);
}

static void their_results_are_bounded(void **state)
{
	static char text[BOOK_RESULT_MAX];
	struct book book = {.open_count = 0};
	struct said said = {.outcome = ZTP_OUTCOME_REJECTED,
			    .path = "p",
			    .text = text,
			    .len = sizeof(text) - 1};

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(said.id, sizeof(said.id), "r%d", i);
		assert_true(book_say(&book, &said, NULL));
	}
	assert_true(book.told <= BOOK_TOLD_MAX);
	assert_true(book.ended_count < 5000 && book.ended_count > 4000);
	book_clear(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_until_it_ends),
		cmocka_unit_test(ended_before_it_was_read),
		cmocka_unit_test(decided_until_that_is_found_wrong),
		cmocka_unit_test(open_again_when_it_names_another_topic),
		cmocka_unit_test(said_again_it_has_not_ended),
		cmocka_unit_test(the_oldest_ended_are_forgotten),
		cmocka_unit_test(no_more_open_ones_than_may_be),
		cmocka_unit_test(what_has_expired_makes_room),
		cmocka_unit_test(what_has_lapsed_may_still_end),
		cmocka_unit_test(what_has_expired_pushes_out_nothing),
		cmocka_unit_test(their_results_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
