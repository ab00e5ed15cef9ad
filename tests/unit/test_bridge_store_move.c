/*
 * Whose a store is: a single bridge's, a copy, or between the two; and what goes
 * with it from one to the other.
 */
#include "store_case.h"

#include "bridge/store/store_move.h"

#define TOPIC "ztp.decisions"

static int setup(void **state)
{
	struct store_case *c;
	int rc = store_case_setup(state);

	c = *state;
	assert_int_equal(store_replicate(c->store, TOPIC, &c->error), 0);
	return rc;
}

static void reopen(struct store_case *c)
{
	store_case_reopen(c);
	assert_int_equal(store_replicate(c->store, TOPIC, &c->error), 0);
}

static int refuse_single(struct store_case *c)
{
	struct store_copy copy;

	return store_refuse_single(c->store, TOPIC, &copy, &c->error);
}

static void set_move(struct store_case *c, enum store_move move,
		     const char *birth)
{
	struct store_moving moving = {.move = move};
	static const struct store_copy none = {0};

	snprintf(moving.birth, sizeof(moving.birth), "%s", birth);
	assert_int_equal(store_move_set(c->store, &moving, &c->error), 0);
	assert_int_equal(store_copy_commit(c->store, &none, &c->error), 0);
}

static void put_small(struct store_case *c, enum state_kind kind,
		      const char *name)
{
	struct state_row row = {.kind = kind,
				.name = ztp_str_of(name),
				.count = state_cells(kind)};

	for (int i = 0; i < row.count; i++)
		row.cells[i] =
			(struct state_cell){.type = STATE_NUMBER, .number = 1};
	if (kind == STATE_BIRTH || kind == STATE_ACTIVE)
		row.cells[0] = row.cells[1] = (struct state_cell){
			.type = STATE_TEXT, .bytes = ztp_str_of("x")};
	if (kind == STATE_BIRTH)
		row.cells[1] = (struct state_cell){.type = STATE_NUMBER};
	assert_int_equal(store_state_put(c->store, &row, &c->error), 0);
}

static int has_small(struct store_case *c, enum state_kind kind,
		     const char *name)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	int rc = store_state_get(c->store, kind, name, &row, &bytes, &c->error);

	free(bytes.p);
	return rc;
}

struct told {
	char keys[256];
	size_t used;
};

static int tell(void *arg, const struct store_state_row *row,
		struct ztp_error *error)
{
	struct told *told = arg;
	size_t room = sizeof(told->keys) - told->used;
	int n = snprintf(told->keys + told->used, room, "%.*s ",
			 (int)row->key.n, row->key.p);

	(void)error;
	assert_true(n > 0 && (size_t)n < room);
	told->used += (size_t)n;
	return 0;
}

/* --- */

static void test_what_is_under_way_is_kept(void **state)
{
	char birth[STORE_BIRTH_MAX + 1];
	struct store_case *c = *state;
	struct store_moving moving;

	memset(birth, 'b', STORE_BIRTH_MAX);
	birth[STORE_BIRTH_MAX] = '\0';
	assert_int_equal(store_move_get(c->store, &moving, &c->error), 0);
	assert_int_equal(moving.move, STORE_MOVE_NONE);
	set_move(c, STORE_TO_STANDBY, birth);
	reopen(c);
	assert_int_equal(store_move_get(c->store, &moving, &c->error), 0);
	assert_int_equal(moving.move, STORE_TO_STANDBY);
	assert_string_equal(moving.birth, birth);
	set_move(c, STORE_FROM_STANDBY, "");
	assert_int_equal(store_move_get(c->store, &moving, &c->error), 0);
	assert_int_equal(moving.move, STORE_FROM_STANDBY);
	assert_string_equal(moving.birth, "");
}

static void test_nobody_uses_what_is_between(void **state)
{
	struct store_case *c = *state;

	for (int move = STORE_TO_STANDBY; move <= STORE_FROM_STANDBY; move++) {
		set_move(c, (enum store_move)move, "");
		assert_int_equal(store_refuse_copy(c->store, &c->error),
				 ZTP_ERR_USAGE);
		assert_non_null(strstr(c->error.message, "run it again"));
		assert_int_equal(refuse_single(c), ZTP_ERR_USAGE);
	}
	set_move(c, STORE_MOVE_NONE, "");
	assert_int_equal(store_refuse_copy(c->store, &c->error), 0);
	assert_int_equal(refuse_single(c), 0);
}

/* Decisions that were read are nowhere else, also without a request. */
static void test_a_position_is_a_single_bridges(void **state)
{
	static const struct store_landmark landmark = {.offset = -1};
	struct store_case *c = *state;

	assert_int_equal(refuse_single(c), 0);
	assert_int_equal(
		store_offset_set(c->store, TOPIC, 0, 5, &landmark, &c->error),
		0);
	assert_int_equal(refuse_single(c), ZTP_ERR_USAGE);
	assert_non_null(strstr(c->error.message, "--to-standby"));
}

/* Who had the state goes; how far journals have been taken stays, so that it is
 * there if the store becomes a group's again. */
static void test_from_one_to_the_other(void **state)
{
	static const struct journal_mark mark = {3, 40};
	static const struct store_copy copy = {.next = 9, .birth = 2};
	struct store_case *c = *state;
	struct journal_mark kept, floor;
	struct told told = {0};

	put_small(c, STATE_BIRTH, "");
	put_small(c, STATE_ACTIVE, "");
	put_small(c, STATE_JOURNAL, "one");
	put_small(c, STATE_JOURNAL, "two");
	put_small(c, STATE_TAKEN, "");
	assert_int_equal(store_make_copy(c->store, &copy, &c->error), 0);
	assert_int_equal(store_refuse_copy(c->store, &c->error), ZTP_ERR_USAGE);
	assert_int_equal(store_make_single(c->store, &mark, &c->error), 0);
	reopen(c);
	assert_int_equal(store_refuse_copy(c->store, &c->error), 0);
	store_mark_get(c->store, &kept);
	store_floor_get(c->store, &floor);
	assert_memory_equal(&kept, &mark, sizeof(mark));
	assert_memory_equal(&floor, &mark, sizeof(mark));
	assert_int_equal(has_small(c, STATE_BIRTH, ""), 0);
	assert_int_equal(has_small(c, STATE_ACTIVE, ""), 0);
	assert_int_equal(has_small(c, STATE_JOURNAL, "two"), 1);
	assert_int_equal(store_state_all(c->store, tell, &told, &c->error), 0);
	assert_string_equal(told.keys, "at/journal j/one j/two facts ");
}

/* Of a run of --to-standby that was killed. */
static void test_a_position_and_filters_are_removed(void **state)
{
	static const struct store_landmark landmark = {.offset = -1};
	const struct store_state_row gone[] = {{.key = ztp_str_of("at/1")},
					       {.key = ztp_str_of("filters")}};
	struct store_case *c = *state;
	struct store_landmark found;
	char text[8];

	store_offset_set(c->store, TOPIC, 0, 5, &landmark, &c->error);
	store_offset_set(c->store, TOPIC, 1, 6, &landmark, &c->error);
	store_set(c->store, STORE_FILTERS, "a", &c->error);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			store_state_apply(c->store, &gone[i], &c->error), 0);
	assert_int_equal(store_offset_get(c->store, TOPIC, 0, &found), 5);
	assert_int_equal(store_offset_get(c->store, TOPIC, 1, &found), -1);
	store_get(c->store, STORE_FILTERS, text, sizeof(text), &c->error);
	assert_string_equal(text, "");
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, setup, store_case_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_under_way_is_kept),
		TEST(test_nobody_uses_what_is_between),
		TEST(test_a_position_is_a_single_bridges),
		TEST(test_from_one_to_the_other),
		TEST(test_a_position_and_filters_are_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
