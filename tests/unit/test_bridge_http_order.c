/* Lists in other orders than arrival: newest first, last finished first, one
 * device's; and store_newest.c beneath them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "http_case.h"

static void add_ended(struct http_case *f, const char *id, const char *registry,
		      enum ztp_state state, int64_t ended)
{
	struct store_request r;
	struct ztp_error error;

	add(f, id, registry, state);
	assert_int_equal(store_request_by_id(f->b.store, id, &r, &error), 1);
	r.finished_at = ended;
	assert_int_equal(store_request_save(f->b.store, &r, &error), 0);
}

static void test_newest_first(void **state)
{
	struct http_case *f = *state;

	assert_listed(f, "order=newest", "");
	add_five(f);
	assert_listed(f, "order=oldest", "a b c d e ");
	assert_listed(f, "order=newest", "e d c b a ");
	assert_listed(f, "order=newest&limit=2", "e d c b a ");
	assert_listed(f, "order=newest&limit=1&state=requested", "e c a ");
	assert_listed(f, "order=newest&registry=acme/plant-7", "d c b ");
	assert_listed(f, "order=newest&registry=acme/other", "");
	assert_listed(f, "order=newest&state=expired", "");
	get_json(f, "/v1/requests?order=newest&after=c", 200);
	assert_null(strstr(f->body, "\"c\""));
	assert_non_null(strstr(f->body, "\"b\""));
	assert_non_null(strstr(f->body, "\"a\""));
}

static void test_last_ended_first(void **state)
{
	struct http_case *f = *state;

	assert_listed(f, "order=finished", "");
	add_ended(f, "a", "plant-7", ZTP_STATE_ONBOARDED, T0 + 30);
	add(f, "b", "plant-7", ZTP_STATE_REQUESTED);
	add_ended(f, "c", "plant-7", ZTP_STATE_REJECTED, T0 + 10);
	add_ended(f, "d", "plant", ZTP_STATE_ONBOARDED, T0 + 20);
	add_ended(f, "e", "plant", ZTP_STATE_EXPIRED, T0 + 20);
	add_ended(f, "g", "plant", ZTP_STATE_FAILED, T0 + 20);
	commit(f);
	assert_listed(f, "order=finished", "a g e d c ");
	assert_listed(f, "order=finished&limit=1", "a g e d c ");
	assert_listed(f, "order=finished&limit=2", "a g e d c ");
	assert_listed(f, "order=finished&limit=5", "a g e d c ");
	assert_listed(f, "order=finished&state=onboarded", "a d ");
	assert_listed(f, "order=finished&limit=1&state=onboarded", "a d ");
	assert_listed(f, "order=finished&registry=acme/plant", "g e d ");
	assert_listed(f, "order=finished&registry=acme/other", "");
	/* unfinished requests are not among the finished */
	assert_listed(f, "order=finished&state=requested", "");
	get_json(f, "/v1/requests?order=finished&after=g", 200);
	assert_null(strstr(f->body, "\"g\""));
	assert_non_null(strstr(f->body, "\"e\""));
	get_json(f, "/v1/requests?order=finished&after=b", 400);
}

/* Rows that are kept for good are not on the list of rows that may be
 * evicted. */
static void test_the_evicted_have_no_end(void **state)
{
	struct http_case *f = *state;
	struct ztp_error error;

	add_ended(f, "a", "plant-7", ZTP_STATE_ONBOARDED, T0 + 10);
	add_ended(f, "b", "plant-7", ZTP_STATE_ONBOARDED, T0 + 20);
	assert_int_equal(store_evict(f->b.store, T0 + 15, true, 9, &error), 1);
	commit(f);
	assert_listed(f, "order=finished", "b ");
	assert_listed(f, "order=newest&state=onboarded", "b a ");
}

static void test_pages_of_many(void **state)
{
	static const char *const queries[] = {
		"order=newest&state=onboarded&limit=1000",
		"order=finished&state=onboarded&limit=1000",
		"order=finished&registry=acme/plant-7&limit=1000",
	};
	struct http_case *f = *state;
	char id[16];
	size_t q;
	int i, pages;

	add(f, "first", "plant-7", ZTP_STATE_REQUESTED);
	add_ended(f, "rare", "rare", ZTP_STATE_EXPIRED, T0);
	for (i = 0; i < 20000; i++) {
		snprintf(id, sizeof(id), "x%d", i);
		add(f, id, "plant-7",
		    ZTP_STATE_ONBOARDED); /* all at the same time */
	}
	add(f, "last", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	for (q = 0; q < sizeof(queries) / sizeof(*queries); q++)
		assert_int_equal(follow(f, queries[q], NULL, 0, &pages), 20000);
	/* both ends, and the search for the only one of its state */
	assert_listed(f, "order=newest&state=requested", "last first ");
	assert_listed(f, "order=newest&registry=acme/rare", "rare ");
	assert_listed(f, "order=finished&registry=acme/rare", "rare ");
}

static void test_one_device(void **state)
{
	static const char path[] = "subscriptions/acme/registries/plant-7/"
				   "devices/d-one";
	struct http_case *f = *state;
	struct store_request r = {.state = ZTP_STATE_REQUESTED, .attempt = 2};
	struct ztp_error error;
	char query[256];

	add(f, "one", "plant-7", ZTP_STATE_REJECTED);
	add(f, "two", "plant-7", ZTP_STATE_REQUESTED);
	snprintf(r.id, sizeof(r.id), "again");
	snprintf(r.path, sizeof(r.path), "%s", path);
	assert_int_equal(store_request_add(f->b.store, &r, &error), 0);
	commit(f);
	snprintf(query, sizeof(query), "device=%s", path);
	assert_listed(f, query, "one again ");
	snprintf(query, sizeof(query), "limit=1&device=%s", path);
	assert_listed(f, query, "one again ");
	snprintf(query, sizeof(query), "state=requested&device=%s", path);
	assert_listed(f, query, "again ");
	snprintf(query, sizeof(query), "device=%s-x", path);
	assert_listed(f, query, "");
	assert_listed(f, "device=&limit=2", "one two again ");
	snprintf(query, sizeof(query), "/v1/requests?device=%s&order=newest",
		 path);
	get_json(f, query, 400);
	snprintf(query, sizeof(query),
		 "/v1/requests?device=%s&registry=acme/plant-7", path);
	get_json(f, query, 400);
}

static void test_bad_queries(void **state)
{
	static const char *const queries[] = {
		"order=",
		"order=nope",
		"order=Newest",
		"order=newest&order=oldest",
		"order=newest&after=@",
		"order=newest&after=@1.2",
		"order=finished&after=@1",
		"order=finished&after=@1.",
		"order=finished&after=@.1",
		"order=finished&after=@1.2.3",
		"order=finished&after=@99999999999999999999.1",
		"device=pump-42",
		"device=subscriptions/acme/registries/plant-7/devices/%2e%2e",
	};
	struct http_case *f = *state;
	char target[160];
	size_t i;

	for (i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		snprintf(target, sizeof(target), "/v1/requests?%s", queries[i]);
		get_json(f, target, i == 0 ? 200 : 400);
	}
	get_json(f, "/v1/requests?order=newest&after=@0", 200);
	assert_string_equal(f->body, "{\"requests\":[]}");
	get_json(f, "/v1/requests?order=finished&after=@0.0", 200);
	assert_string_equal(f->body, "{\"requests\":[]}");
}

/* The visitor's result ends the walk and is returned. */
static int stop_at(void *arg, struct store_request *r)
{
	return strcmp(r->id, arg) == 0 ? -7 : 0;
}

static void test_a_visit_may_end_it(void **state)
{
	struct http_case *f = *state;
	const struct store_filter nine = {.limit = 9};
	struct store_place place = {INT64_MAX, INT64_MAX};
	struct store *store = f->b.store;
	char one[] = "a", none[] = "x";
	struct ztp_error error;

	add_ended(f, "a", "plant-7", ZTP_STATE_ONBOARDED, T0 + 10);
	add_ended(f, "b", "plant-7", ZTP_STATE_ONBOARDED, T0 + 20);
	assert_int_equal(
		store_newest_each(store, 9, 0, &nine, stop_at, one, &error),
		-7);
	assert_int_equal(store_finished_each(store, &place, 9, &nine, stop_at,
					     one, &error),
			 -7);
	place = (struct store_place){INT64_MAX, INT64_MAX};
	assert_int_equal(store_finished_each(store, &place, 1, &nine, stop_at,
					     none, &error),
			 1);
	assert_int_equal(place.n, 2);
	assert_int_equal(place.finished_at, T0 + 20);
	assert_int_equal(store_finished_each(store, &place, 9, &nine, stop_at,
					     none, &error),
			 1);
	assert_int_equal(store_finished_each(store, &place, 9, &nine, stop_at,
					     none, &error),
			 0);
}

int main(void)
{
#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, http_case_setup, http_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_newest_first),
		T(test_last_ended_first),
		T(test_the_evicted_have_no_end),
		T(test_pages_of_many),
		T(test_one_device),
		T(test_bad_queries),
		T(test_a_visit_may_end_it),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
