/*
 * A copy that cannot be used: a later version has written it, or the disk has
 * damaged it. It is read anew, but not before the topic has been found to be the one
 * that it is a copy of, and never if it may be no copy.
 */
#include "copy_case.h"
#include "sql_number.h"

#define PAGE	     4096
#define LATER	     "PRAGMA user_version=99"
#define SAYS_OF_COPY "UPDATE meta SET value='%s' WHERE name='copy'"

/* --- the copy */

/* It has read everything, and has a row that the topic has no more. */
static int setup(void **state)
{
	struct copy_case *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	copy_case_make(c);
	read_to_end(c);
	keep_row(c);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	copy_case_end(*state);
	free(*state);
	return 0;
}

static void close_copy(struct copy_case *c)
{
	copy_free(c->copy);
	c->copy = NULL;
}

/* --- its file */

static void edit(const struct copy_case *c, const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	assert_int_equal(sqlite3_open(c->scratch.base, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t number(const struct copy_case *c, const char *sql)
{
	sqlite3 *db;
	int64_t found;

	assert_int_equal(sqlite3_open(c->scratch.base, &db), SQLITE_OK);
	found = sql_number(db, sql);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return found;
}

static void overwrite(const struct copy_case *c, int64_t page)
{
	int fd = open(c->scratch.base, O_WRONLY);
	uint8_t bytes[PAGE];

	memset(bytes, 0xa5, sizeof(bytes));
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), (page - 1) * PAGE),
			 sizeof(bytes));
	assert_int_equal(close(fd), 0);
}

static void damage(const struct copy_case *c, const char *table)
{
	char sql[96];

	snprintf(sql, sizeof(sql),
		 "SELECT rootpage FROM sqlite_schema WHERE name='%s'", table);
	overwrite(c, number(c, sql));
}

/* --- what becomes of it */

static void expect_read_anew(struct copy_case *c)
{
	if (copy_case_open(c) != 0)
		fail_msg("%s", c->error.message);
	assert_null(copy_store(c->copy));
	assert_false(copy_is_read_anew(c->copy));
	assert_int_equal(copy_begin(c->copy, DEADLINE_US / 1000, &c->error), 0);
	assert_true(copy_is_read_anew(c->copy));
	read_to_end(c);
	assert_false(copy_is_read_anew(c->copy));
	assert_true(has(c, "one"));
	assert_false(has(c, GONE));
	assert_int_equal(copy_commit(c->copy, &c->error), 0);
	close_copy(c);
	assert_int_equal(copy_case_open(c), 0);
	assert_non_null(copy_store(c->copy));
	assert_true(has(c, "one"));
}

/* Of the topic. The copy is as it was, so that a person can go back to it. */
static void expect_lost(struct copy_case *c, const char *why)
{
	int64_t until = ztp_clock_us() + DEADLINE_US;
	int rc;

	assert_int_equal(copy_case_open(c), 0);
	while ((rc = copy_step(c->copy, ROWS, WAIT_MS, &c->error)) ==
	       ZTP_ERR_IO)
		assert_true(ztp_clock_us() < until);
	assert_int_equal(rc, ZTP_ERR_STATE_LOST);
	assert_non_null(strstr(c->error.message, why));
	close_copy(c);
	assert_int_equal(number(c, "PRAGMA user_version"), 99);
	assert_int_equal(
		number(c, "SELECT count(*) FROM meta WHERE name='j/" GONE "'"),
		1);
}

static void expect_refused(struct copy_case *c, const char *why)
{
	size_t before_len, after_len;
	uint8_t *before = scratch_read(c->scratch.base, &before_len), *after;

	assert_int_equal(copy_case_open(c), ZTP_ERR_IO);
	assert_non_null(strstr(c->error.message, why));
	c->copy = NULL;
	after = scratch_read(c->scratch.base, &after_len);
	assert_int_equal(after_len, before_len);
	assert_memory_equal(after, before, before_len);
	free(before);
	free(after);
}

/* --- tests */

static void one_that_a_later_version_has_written(void **state)
{
	struct copy_case *c = *state;

	close_copy(c);
	edit(c, LATER);
	expect_read_anew(c);
}

static void one_that_is_damaged(void **state)
{
	struct copy_case *c = *state;

	close_copy(c);
	damage(c, "outbox");
	expect_read_anew(c);
}

/* Where what it said of rows was kept. */
static void one_whose_rows_are_damaged(void **state)
{
	struct copy_case *c = *state;

	close_copy(c);
	damage(c, "request");
	expect_read_anew(c);
}

static void the_topic_is_the_one_that_is_wrong(void **state)
{
	static const struct {
		const char *stands_for, *why;
	} wrong[] = {
		{"1000 0 1 0", "ends earlier"},
		{"2 0 2 0", "has another birth"},
	};
	struct copy_case *c = *state;
	char sql[128];
	size_t i;

	close_copy(c);
	edit(c, LATER);
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(sql, sizeof(sql), SAYS_OF_COPY, wrong[i].stands_for);
		edit(c, sql);
		expect_lost(c, wrong[i].why);
	}
}

/* A single bridge's has what nobody else has, and so has one that is half a copy. */
static void one_that_may_be_no_copy(void **state)
{
	struct copy_case *c = *state;

	close_copy(c);
	edit(c, LATER);
	edit(c, "INSERT INTO meta VALUES('move','from')");
	expect_refused(c, "supports versions up to");
	edit(c, "UPDATE meta SET value='' WHERE name='move'");
	edit(c, "DELETE FROM meta WHERE name='copy'");
	expect_refused(c, "supports versions up to");
}

static void one_that_says_nothing(void **state)
{
	struct copy_case *c = *state;

	close_copy(c);
	overwrite(c, 1);
	expect_refused(c, "damaged");
}

/* While it is judged, nobody else has the file. */
static void it_is_nobody_else_s(void **state)
{
	struct copy_case *c = *state;
	struct store *store = NULL;

	close_copy(c);
	edit(c, LATER);
	assert_int_equal(copy_case_open(c), 0);
	assert_int_equal(store_open(&store, c->scratch.base, false, &c->error),
			 ZTP_ERR_IO);
	assert_non_null(strstr(c->error.message, "in use"));
	close_copy(c);
	assert_int_equal(copy_case_open(c), 0);
}

static void write_position(struct copy_case *c)
{
	struct state_row row = {.kind = STATE_POSITION,
				.count = STATE_POSITION_CELLS};
	int i;

	for (i = 0; i < STATE_POSITION_CELLS; i++)
		row.cells[i].type = STATE_NUMBER;
	row.cells[STATE_POSITION_TOPIC] = (struct state_cell){
		.type = STATE_TEXT,
		.bytes = ztp_str_of(c->in.config->kafka.topics.decisions)};
	row.name = ztp_str_of("0");
	write_row(c, &row, "0", T0 + 2 * SECOND);
}

/* What is written again is read from the file, not from the log. The store's own
 * checkpoint, on a thread of its own, may be in the way. */
static void empty_log(struct copy_case *c)
{
	int64_t until = ztp_clock_us() + DEADLINE_US;

	while (number(c, "PRAGMA wal_checkpoint(TRUNCATE)") != 0)
		assert_true(ztp_clock_us() < until);
}

/* SQLite looks at the file again because somebody else has written to it. */
static void one_that_is_damaged_while_it_is_open(void **state)
{
	struct copy_case *c = *state;

	empty_log(c);
	damage(c, "position");
	edit(c, "UPDATE meta SET value=value WHERE name='facts'");
	write_position(c);
	write_mark(c, "last", T0 + 3 * SECOND);
	read_to_end(c);
	while (!has(c, "last"))
		read_to_end(c);
	assert_true(has(c, "one"));
	assert_false(has(c, GONE));
	assert_int_equal(copy_commit(c->copy, &c->error), 0);
	assert_int_equal(copy_unwritten_since(c->copy), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_a_later_version_has_written),
		TEST(one_that_is_damaged),
		TEST(one_whose_rows_are_damaged),
		TEST(the_topic_is_the_one_that_is_wrong),
		TEST(one_that_may_be_no_copy),
		TEST(one_that_says_nothing),
		TEST(it_is_nobody_else_s),
		TEST(one_that_is_damaged_while_it_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
