/*
 * tests/unit/test_serve_decided.c - the decisions that the customer's door knows
 * from Kafka, and those that are on their way there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/serve/decided.h"
#include "tools/serve/under_way.h"

#define HOUR ((int64_t)3600 * 1000)

static const uint8_t approve[ZTP_SHA256_LEN] = {1};
static const uint8_t reject[ZTP_SHA256_LEN] = {2};

static struct key position(int64_t offset)
{
	struct key key;

	position_key(&key, "t", 0, offset);
	return key;
}

static struct key event(int number)
{
	struct key key;

	key_make(&key, 'e', &number, sizeof(number));
	return key;
}

static struct decided *decide_in(const char *topic, struct decided_list *list,
				 int64_t offset, const char *id,
				 const struct key *named, int64_t at)
{
	const struct decided_record record = {.event = named,
					      .digest = approve,
					      .request_id = id,
					      .topic = topic,
					      .stray = !strcmp(topic, "stray"),
					      .at = at};
	const struct key where = position(offset);
	struct decided *decided;

	assert_true(decided_read(&decided, list, &where, &record));
	return decided;
}

static struct decided *decide(struct decided_list *list, int64_t offset,
			      const char *id, const struct key *named,
			      int64_t at)
{
	return decide_in("t", list, offset, id, named, at);
}

static struct decided *answer(struct decided_list *list, int64_t offset,
			      const char *id, const char *text, int64_t at)
{
	const struct decided_result result = {id, text, strlen(text), 200, at};
	const struct key where = position(offset);
	struct decided *decided;

	assert_true(decided_answer(&decided, list, &where, &result));
	return decided;
}

static void a_request_finds_its_decision(void **state)
{
	struct decided_list list = {.count = 0};
	struct decided *first = decide(&list, 1, "r", NULL, 10);
	struct decided *second;

	(void)state;
	assert_null(decided_about(&list, "s"));
	assert_ptr_equal(decided_about(&list, "r"), first);
	second = decide(&list, 2, "r", NULL, 11);
	assert_ptr_equal(decided_about(&list, "r"), second);
	answer(&list, 2, "r", "onboarded", 12);
	assert_true(decided_stands(second));
	second->code = 400;
	assert_false(decided_stands(second));
	/* Its result was read before it, and says that it was not followed. */
	answer(&list, 3, "q", "mismatch", 12)->code = 400;
	decide(&list, 3, "q", NULL, 11);
	assert_null(decided_about(&list, "q"));
	/* Another record at its position is about another request. */
	decide(&list, 2, "s", NULL, 20);
	assert_null(decided_about(&list, "r"));
	assert_ptr_equal(decided_about(&list, "s"), second);
	decided_clear(&list);
	assert_null(decided_about(&list, "s"));
}

static void the_first_with_an_event_keeps_it(void **state)
{
	struct decided_list list = {.count = 0};
	const struct key one = event(1);
	struct decided *first = decide(&list, 1, "r", &one, 10);
	struct decided *second = decide(&list, 2, "r", &one, 11);

	(void)state;
	assert_true(first->has_event);
	assert_false(second->has_event);
	assert_ptr_equal(decided_find(&list, &one), first);
	assert_ptr_equal(answer(&list, 1, "r", "onboarded", 12), first);
	assert_ptr_equal(answer(&list, 1, "r", "applied", 13), first);
	assert_string_equal(first->result, "onboarded");
	/* The same record, read again. */
	assert_ptr_equal(decide(&list, 1, "r", &one, 10), first);
	assert_string_equal(first->result, "onboarded");
	decided_clear(&list);
}

/* To a bridge that reads another topic. */
static void a_request_that_has_moved_is_decided_again(void **state)
{
	struct decided_list list = {.count = 0};
	const struct key one = event(1), two = event(2), three = event(3);
	struct decided *first = decide(&list, 1, "r", &one, 10), *second;

	(void)state;
	second = decide_in("u", &list, 2, "r", &one, 11);
	assert_ptr_equal(decided_find(&list, &one), second);
	assert_false(first->has_event);
	assert_ptr_equal(decided_about(&list, "r"), second);
	/* One that has its result is the answer, wherever it stands. */
	first = decide(&list, 3, "s", &two, 10);
	answer(&list, 3, "s", "onboarded", 11);
	decide_in("u", &list, 4, "s", &two, 12);
	assert_ptr_equal(decided_find(&list, &two), first);
	/* The former topic is read after the present one. */
	second = decide_in("u", &list, 5, "q", &three, 12);
	first = decide_in("stray", &list, 6, "q", &three, 10);
	assert_ptr_equal(decided_find(&list, &three), second);
	assert_ptr_equal(decided_about(&list, "q"), second);
	assert_ptr_equal(answer(&list, 6, "q", "onboarded", 13), first);
	decided_clear(&list);
}

static void the_oldest_decisions_are_forgotten(void **state)
{
	struct decided_list list = {.count = 0};

	(void)state;
	for (int i = 0; i <= DECIDED_MAX; i++) {
		const struct key one = event(i);

		assert_non_null(decide(&list, i, "r", &one, 10));
	}
	assert_int_equal(list.count, DECIDED_MAX);
	for (int i = 0; i < 2; i++) {
		const struct key one = event(i);

		assert_int_equal(decided_find(&list, &one) != NULL, i == 1);
	}
	decided_clear(&list);
}

/* At the start the results come first. */
static void the_old_ones_do_not_push_out_the_new_ones(void **state)
{
	struct decided_list list = {.count = 0};
	const struct key old = event(1);

	(void)state;
	for (int i = 0; i < DECIDED_MAX; i++)
		answer(&list, i + 10, "r", "x", HOUR + i);
	assert_null(decide(&list, 1, "r", &old, HOUR - 1));
	assert_non_null(decide(&list, 10, "r", NULL, HOUR - 1)->result);
	list.running = true; /* then it is a clock that goes wrong */
	assert_non_null(decide(&list, 2, "r", &old, HOUR - 1));
	decided_clear(&list);
}

static void their_results_are_bounded(void **state)
{
	static char text[64 * 1024];
	struct decided_list list = {.count = 0};

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 3000; i++)
		answer(&list, i, "r", text, 10);
	assert_true(list.bytes <= DECIDED_BYTES_MAX);
	assert_true(list.count < 3000 && list.count > 1000);
	decided_clear(&list);
	assert_int_equal(list.bytes, 0);
}

/* A topic that is made anew begins at the same positions. */
static void what_stood_there_before_is_another_s(void **state)
{
	struct decided_list list = {.count = 0};
	const struct key before = event(1), after = event(2);
	struct decided *decided = decide(&list, 1, "old", &before, 10);

	(void)state;
	answer(&list, 1, "old", "onboarded", 11);
	assert_ptr_equal(decide(&list, 1, "new", &after, 20), decided);
	assert_null(decided->result);
	assert_null(decided_find(&list, &before));
	assert_ptr_equal(decided_find(&list, &after), decided);
	/* A result of the old one comes late. */
	assert_null(answer(&list, 1, "old", "onboarded", 21));
	assert_null(decided->result);
	assert_ptr_equal(answer(&list, 1, "new", "rejected", 22), decided);
	assert_string_equal(decided->result, "rejected");
	decided_clear(&list);
}

static void a_result_that_was_read_first_may_be_another_s(void **state)
{
	struct decided_list list = {.count = 0};
	const struct key one = event(1);

	(void)state;
	answer(&list, 1, "old", "onboarded", HOUR);
	assert_null(decide(&list, 1, "new", &one, HOUR)->result);
	/* About the same request, but long before the decision. */
	answer(&list, 2, "same", "invalid", HOUR);
	assert_null(decide(&list, 2, "same", NULL, HOUR + DECIDED_SKEW_MS + 1)
			    ->result);
	assert_null(answer(&list, 2, "same", "invalid", HOUR));
	/* A clock that goes wrong by less says nothing. */
	answer(&list, 3, "same", "onboarded", HOUR);
	assert_non_null(
		decide(&list, 3, "same", NULL, HOUR + DECIDED_SKEW_MS)->result);
	/* The newest one counts. */
	answer(&list, 4, "old", "onboarded", HOUR);
	answer(&list, 4, "new", "rejected", HOUR + 1);
	assert_string_equal(decide(&list, 4, "new", NULL, HOUR)->result,
			    "rejected");
	decided_clear(&list);
}

/* --- on their way */

static void known_until_it_is_read(void **state)
{
	struct under_way_list list = {.count = 0};
	const struct key one = event(1), two = event(2), three = event(3);
	struct under_way *first = under_way_add(&list, &one, approve, "r1", 0);
	struct under_way *second = under_way_add(&list, &two, reject, "r2", 0);

	(void)state;
	assert_ptr_equal(under_way_find(&list, &one), first);
	assert_string_equal(first->request_id, "r1");
	assert_memory_equal(second->digest, reject, sizeof(reject));
	under_way_read(&list, &one); /* before it is reported */
	assert_ptr_equal(under_way_find(&list, &one), first);
	under_way_stored(&list, first);
	assert_null(under_way_find(&list, &one));
	under_way_stored(&list, second);
	assert_ptr_equal(under_way_find(&list, &two), second);
	under_way_read(&list, &two);
	assert_null(under_way_find(&list, &two));
	under_way_read(&list, &three);
	under_way_fail(&list, under_way_add(&list, &three, approve, "r3", 0));
	assert_int_equal(list.count, 0);
	under_way_clear(&list);
}

static void no_more_than_may_be(void **state)
{
	struct under_way_list list = {.count = 0};
	const struct key more = event(-1);

	(void)state;
	for (int i = 0; i < UNDER_WAY_MAX; i++) {
		const struct key one = event(i);

		assert_non_null(under_way_add(&list, &one, approve, "r", 0));
	}
	assert_null(under_way_add(&list, &more, approve, "r", UNDER_WAY_MS));
	/* What is stored and not read is not waited for for ever. */
	under_way_stored(&list, list.oldest);
	assert_null(
		under_way_add(&list, &more, approve, "r", UNDER_WAY_MS - 1));
	assert_non_null(
		under_way_add(&list, &more, approve, "r", UNDER_WAY_MS));
	under_way_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_finds_its_decision),
		cmocka_unit_test(the_first_with_an_event_keeps_it),
		cmocka_unit_test(a_request_that_has_moved_is_decided_again),
		cmocka_unit_test(the_oldest_decisions_are_forgotten),
		cmocka_unit_test(the_old_ones_do_not_push_out_the_new_ones),
		cmocka_unit_test(their_results_are_bounded),
		cmocka_unit_test(what_stood_there_before_is_another_s),
		cmocka_unit_test(a_result_that_was_read_first_may_be_another_s),
		cmocka_unit_test(known_until_it_is_read),
		cmocka_unit_test(no_more_than_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
