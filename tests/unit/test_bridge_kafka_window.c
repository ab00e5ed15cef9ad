/* What is under way to one topic: order, bounds, and copies. */
#include "scratch.h"

#include "bridge/kafka/lane.h"

static int setup(void **state)
{
	struct lane *lane = malloc(sizeof(*lane));

	assert_non_null(lane);
	lane_init(lane, STORE_REQUESTS);
	*state = lane;
	return 0;
}

static int teardown(void **state)
{
	lane_clear(*state);
	free(*state);
	return 0;
}

static void expect_order(struct lane *lane, const int64_t *seqs, int count)
{
	struct flight *flight = lane_first(lane);
	int i;

	for (i = 0; i < count; i++, flight = lane_next(lane, flight)) {
		assert_non_null(flight);
		assert_int_equal(flight->seq, seqs[i]);
	}
	assert_null(flight);
	assert_int_equal(lane->busy, count);
}

static struct flight *take(struct lane *lane, int64_t seq)
{
	struct flight *flight = lane_take(lane, 10);

	assert_non_null(flight);
	flight->seq = seq;
	return flight;
}

static void test_order_survives_gaps(void **state)
{
	struct lane *lane = *state;
	struct flight *flights[5];
	const int64_t all[] = {1, 2, 3, 4, 5}, odd[] = {1, 3, 5},
		      later[] = {3, 5, 6, 7};
	int i;

	for (i = 0; i < 5; i++)
		flights[i] = take(lane, i + 1);
	expect_order(lane, all, 5);
	lane_release(lane, flights[1]);
	lane_release(lane, flights[3]);
	expect_order(lane, odd, 3);
	lane_release(lane, flights[0]);
	take(lane, 6);
	take(lane, 7);
	expect_order(lane, later, 4);
	assert_int_equal(lane->bytes, 40);
}

static void test_window_is_bounded(void **state)
{
	struct lane *lane = *state;
	struct flight *flight;
	int i;

	for (i = 0; i < LANE_WINDOW; i++)
		take(lane, i + 1);
	assert_null(lane_take(lane, 1));
	lane_release(lane, lane_first(lane));
	flight = take(lane, 9999);
	assert_ptr_equal(&lane->flights[lane_index(lane, flight)], flight);
	assert_null(lane_take(lane, 1));
	lane_clear(lane);
	assert_int_equal(lane->busy, 0);
	assert_non_null(lane_take(lane, LANE_WINDOW_BYTES));
	assert_null(lane_take(lane, 1));
}

static void test_counts_follow_phases(void **state)
{
	struct lane *lane = *state;
	struct flight *flight = take(lane, 1), *other = take(lane, 2);

	assert_int_equal(lane->waiting, 2);
	lane_move(lane, flight, FLIGHT_READY);
	assert_int_equal(lane->waiting, 2);
	assert_int_equal(lane->sent, 0);
	lane_move(lane, flight, FLIGHT_SENT);
	assert_int_equal(lane->waiting, 1);
	assert_int_equal(lane->sent, 1);
	lane_move(lane, flight, FLIGHT_DONE);
	assert_int_equal(lane->sent, 0);
	lane_move(lane, other, FLIGHT_SENT);
	lane_release(lane, other); /* from any phase */
	assert_int_equal(lane->sent, 0);
	assert_int_equal(lane->waiting, 0);
	assert_int_equal(lane->busy, 1);
}

static void test_parcel_is_a_copy(void **state)
{
	struct lane *lane = *state;
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
	struct parcel *parcel = parcel_new(&record);
	struct flight *flight = take(lane, 0);

	assert_non_null(parcel);
	memset(key, 'x', 3);
	memset(value, 'x', 5);
	memset(id, 'x', 4);
	assert_int_equal(parcel->record.request, 7);
	assert_memory_equal(parcel->record.key.p, "key", 3);
	assert_memory_equal(parcel->record.value.p, "value", 5);
	assert_int_equal(parcel->record.header_count, 2);
	assert_string_equal(parcel->record.headers[0].name, "ce_id");
	assert_memory_equal(parcel->record.headers[0].value.p, "id-1", 4);
	assert_int_equal(parcel->record.headers[1].value.n, 0);
	flight->parcel = parcel;
	lane->parcels++;
	lane_release(lane, flight); /* and the parcel with it */
	assert_int_equal(lane->parcels, 0);
}

static void test_parcel_without_value(void **state)
{
	struct store_record record = {.topic = STORE_DLQ, .key = {"k", 1}};
	struct parcel *parcel = parcel_new(&record);

	(void)state;
	assert_non_null(parcel);
	assert_null(parcel->record.value.p);
	assert_memory_equal(parcel->record.key.p, "k", 1);
	free(parcel);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_order_survives_gaps),  T(test_window_is_bounded),
		T(test_counts_follow_phases), T(test_parcel_is_a_copy),
		T(test_parcel_without_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
