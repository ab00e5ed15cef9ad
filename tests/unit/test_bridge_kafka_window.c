/* The records in flight to one topic: order, limits and copies. */
#include "scratch.h"

#include "bridge/kafka/topic_window.h"

static int setup(void **state)
{
	struct topic_window *window = malloc(sizeof(*window));

	assert_non_null(window);
	window_init(window, STORE_REQUESTS);
	*state = window;
	return 0;
}

static int teardown(void **state)
{
	window_clear(*state);
	free(*state);
	return 0;
}

static void expect_order(struct topic_window *window, const int64_t *seqs,
			 int count)
{
	struct in_flight *flight = window_first(window);
	int i;

	for (i = 0; i < count; i++, flight = window_next(window, flight)) {
		assert_non_null(flight);
		assert_int_equal(flight->seq, seqs[i]);
	}
	assert_null(flight);
	assert_int_equal(window->busy, count);
}

static struct in_flight *take(struct topic_window *window, int64_t seq)
{
	struct in_flight *flight = window_take(window, 0, 10);

	assert_non_null(flight);
	flight->seq = seq;
	return flight;
}

static void test_order_survives_gaps(void **state)
{
	struct topic_window *window = *state;
	struct in_flight *flights[5];
	const int64_t all[] = {1, 2, 3, 4, 5}, odd[] = {1, 3, 5},
		      later[] = {3, 5, 6, 7};
	int i;

	for (i = 0; i < 5; i++)
		flights[i] = take(window, i + 1);
	expect_order(window, all, 5);
	window_release(window, flights[1]);
	window_release(window, flights[3]);
	expect_order(window, odd, 3);
	window_release(window, flights[0]);
	take(window, 6);
	take(window, 7);
	expect_order(window, later, 4);
	assert_int_equal(window->bytes, 40);
}

static void test_window_is_bounded(void **state)
{
	struct topic_window *window = *state;
	struct in_flight *flight;
	int i;

	for (i = 0; i < WINDOW_RECORDS; i++) {
		assert_false(window_is_full(window));
		take(window, i + 1);
	}
	assert_true(window_is_full(window));
	assert_null(window_take(window, 0, 1));
	window_release(window, window_first(window));
	assert_false(window_is_full(window));
	flight = take(window, 9999);
	assert_ptr_equal(&window->flights[window_index(window, flight)],
			 flight);
	assert_null(window_take(window, 0, 1));
	window_clear(window);
	assert_int_equal(window->busy, 0);
	assert_non_null(window_take(window, 0, WINDOW_BYTES - WINDOW_USUAL));
	assert_false(window_is_full(window));
	assert_non_null(window_take(window, 0, WINDOW_USUAL));
	assert_true(window_is_full(window));
	assert_null(window_take(window, 0, 1));
}

static void test_counts_follow_phases(void **state)
{
	struct topic_window *window = *state;
	struct in_flight *flight = take(window, 1), *other = take(window, 2);

	assert_int_equal(window->waiting, 2);
	window_move(window, flight, IN_FLIGHT_READY);
	assert_int_equal(window->waiting, 2);
	assert_int_equal(window->sent, 0);
	window_move(window, flight, IN_FLIGHT_SENT);
	assert_int_equal(window->waiting, 1);
	assert_int_equal(window->sent, 1);
	window_move(window, flight, IN_FLIGHT_DONE);
	assert_int_equal(window->sent, 0);
	window_move(window, other, IN_FLIGHT_SENT);
	window_release(window, other); /* from any phase */
	assert_int_equal(window->sent, 0);
	assert_int_equal(window->waiting, 0);
	assert_int_equal(window->busy, 1);
}

/* As many as a lane may have, SENT. */
static int fill(struct topic_window *window, int lane)
{
	struct in_flight *flight;
	int count = 0;

	while ((flight = window_take(window, lane, 10)) != NULL) {
		window_move(window, flight, IN_FLIGHT_SENT);
		count++;
	}
	return count;
}

/* What stands leaves the others' bounds, and never takes all that is free. */
static void test_lanes_that_stand(void **state)
{
	struct topic_window *window = *state;
	struct window_lane *lane = &window->lanes[0];

	window_divide(window, 3);
	assert_int_equal(fill(window, 0), WINDOW_RECORDS);
	assert_true(window_is_full(window));
	assert_null(window_take(window, 1, 10));
	window_stand(window, lane, true);
	assert_int_equal(window_alive(window), 0);
	assert_false(window_is_full(window));
	assert_null(window_take(window, 0, 10));
	assert_int_equal(fill(window, 1), WINDOW_RECORDS / 2);
	window_stand(window, &window->lanes[1], true);
	assert_int_equal(fill(window, 2), WINDOW_RECORDS / 4);
	/* It stands no longer than something of it is SENT. */
	while (lane->sent > 0)
		window_release(window, window_first(window));
	assert_false(lane->stands);
	assert_int_equal(window->standing, WINDOW_RECORDS / 2);
	window_clear(window);
	assert_int_equal(window->standing, 0);
	assert_int_equal(window->standing_bytes, 0);
	assert_int_equal(window->bytes, 0);
}

static void test_parcel_is_a_copy(void **state)
{
	struct topic_window *window = *state;
	char key[] = "key", value[] = "value", id[] = "id-1";
	struct ztp_header headers[] = {{"ce_id", {id, 4}}, {"empty", {"", 0}}};
	struct store_record record = {
		.topic = STORE_REQUESTS,
		.request = 7,
		.key = {key, 3},
		.value = {value, 5},
		.headers = headers,
		.header_count = 2,
	};
	struct unstored *unstored = unstored_new(&record);
	struct in_flight *flight = take(window, 0);

	assert_non_null(unstored);
	memset(key, 'x', 3);
	memset(value, 'x', 5);
	memset(id, 'x', 4);
	assert_int_equal(unstored->record.request, 7);
	assert_memory_equal(unstored->record.key.p, "key", 3);
	assert_memory_equal(unstored->record.value.p, "value", 5);
	assert_int_equal(unstored->record.header_count, 2);
	assert_string_equal(unstored->record.headers[0].name, "ce_id");
	assert_memory_equal(unstored->record.headers[0].value.p, "id-1", 4);
	assert_int_equal(unstored->record.headers[1].value.n, 0);
	flight->unstored = unstored;
	window->unstored++;
	window_release(window, flight); /* and the unstored record with it */
	assert_int_equal(window->unstored, 0);
}

static void test_parcel_without_value(void **state)
{
	struct store_record record = {.topic = STORE_DLQ, .key = {"k", 1}};
	struct unstored *unstored = unstored_new(&record);

	(void)state;
	assert_non_null(unstored);
	assert_null(unstored->record.value.p);
	assert_memory_equal(unstored->record.key.p, "k", 1);
	free(unstored);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_order_survives_gaps),  T(test_window_is_bounded),
		T(test_counts_follow_phases), T(test_parcel_is_a_copy),
		T(test_parcel_without_value), T(test_lanes_that_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
