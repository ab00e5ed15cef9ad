/* The admin pages' lists: what they hold, how their pages continue, and how
 * several lists take turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "http_case.h"

static void test_filters(void **state)
{
	struct http_case *f = *state;

	add_five(f);
	assert_listed(f, "", "a b c d e ");
	assert_listed(f, "state=requested", "a c e ");
	assert_listed(f, "state=received", "b ");
	assert_listed(f, "state=onboarded", "d ");
	assert_listed(f, "state=expired", "");
	assert_listed(f, "registry=acme/plant-7", "b c d ");
	assert_listed(f, "registry=acme%2Fplant-7&state=requested", "c ");
	assert_listed(f, "registry=acme/other", "");
	assert_listed(f, "registry=acm/plant-7", "");
}

static void test_pages(void **state)
{
	struct http_case *f = *state;
	char id[16];
	int i, pages;

	for (i = 0; i < 250; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		add(f, id, "plant-7",
		    i % 10 ? ZTP_STATE_ONBOARDED : ZTP_STATE_REQUESTED);
	}
	commit(f);
	assert_int_equal(follow(f, "", NULL, 0, &pages), 250);
	assert_int_equal(pages, 3);
	assert_int_equal(follow(f, "limit=125", NULL, 0, &pages), 250);
	assert_int_equal(pages, 2); /* no empty page after the last */
	/* more than one page holds, whatever the limit */
	assert_int_equal(follow(f, "limit=1000", NULL, 0, &pages), 250);
	assert_int_equal(pages, 2);
	assert_int_equal(follow(f, "limit=7&state=requested", NULL, 0, &pages),
			 25);
	assert_int_equal(pages, 4);
	assert_listed(f, "limit=9&state=requested&registry=acme/none", "");
	/* a request id is also a cursor */
	get_json(f, "/v1/requests?after=r247", 200);
	assert_non_null(strstr(f->body, "\"r248\""));
	assert_non_null(strstr(f->body, "\"r249\""));
	assert_null(strstr(f->body, "\"r247\""));
}

/* Many finished requests between two undecided ones. The two are found, and a
 * search that has to pass over all the others ends after some pages. A busy
 * machine may need more of them. */
static void test_a_long_way_between(void **state)
{
	struct http_case *f = *state;
	char id[16];
	int i, pages;

	add(f, "first", "plant-7", ZTP_STATE_REQUESTED);
	for (i = 0; i < 20000; i++) {
		snprintf(id, sizeof(id), "x%d", i);
		add(f, id, "plant-7", ZTP_STATE_ONBOARDED);
	}
	add(f, "away", "plant-7", ZTP_STATE_REGISTERED);
	add(f, "last", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	assert_listed(f, "state=requested", "first last ");
	assert_listed(f, "state=registered", "away ");
	assert_int_equal(
		follow(f, "limit=1000&state=onboarded", NULL, 0, &pages),
		20000);
}

/* --- several at once */

#define CLIENTS 5

static void ask_all(struct http_case *f, int clients[CLIENTS])
{
	static const char text[] = "GET /v1/requests HTTP/1.1\r\nHost: "
				   "localhost\r\n\r\n";
	int i;

	for (i = 0; i < CLIENTS; i++) {
		clients[i] = dial(f);
		assert_int_equal(write(clients[i], text, sizeof(text) - 1),
				 sizeof(text) - 1);
	}
}

static int readable(const int clients[CLIENTS])
{
	int i, n = 0;

	for (i = 0; i < CLIENTS; i++)
		n += poll(&(struct pollfd){clients[i], POLLIN, 0}, 1, 0) == 1;
	return n;
}

/* Lists take turns, one in a run of the server. Nobody is refused, and health is
 * answered before all of them. */
static void test_lists_take_turns(void **state)
{
	struct http_case *f = *state;
	int clients[CLIENTS], i, n = 0, before;
	char id[16], answer[64];

	for (i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		add(f, id, "plant-7", ZTP_STATE_REQUESTED);
	}
	commit(f);
	ask_all(f, clients);
	while (n == 0) {
		http_run(f->b.http);
		n = readable(clients);
	}
	assert_int_equal(n, 1);
	ask(f, "GET", "/healthz");
	assert_int_equal(f->status, 200);
	n = readable(clients); /* it may have taken some runs */
	while (n < CLIENTS) {
		before = n;
		http_run(f->b.http);
		n = readable(clients);
		assert_in_range(n, before, before + 1);
	}
	for (i = 0; i < CLIENTS; i++) {
		assert_int_equal(read(clients[i], answer, sizeof(answer)),
				 sizeof(answer));
		assert_memory_equal(answer, "HTTP/1.1 200", 12);
		close(clients[i]);
	}
}

/* Some of them wait when the server ends. */
static void test_the_end_while_lists_wait(void **state)
{
	struct http_case *f = *state;
	int clients[CLIENTS], i;

	ask_all(f, clients);
	while (readable(clients) == 0)
		http_run(f->b.http);
	http_free(f->b.http);
	f->b.http = NULL;
	for (i = 0; i < CLIENTS; i++)
		close(clients[i]);
}

int main(void)
{
#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, http_case_setup, http_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_filters),
		T(test_pages),
		T(test_a_long_way_between),
		T(test_lists_take_turns),
		T(test_the_end_while_lists_wait),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
