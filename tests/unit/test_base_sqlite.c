/* Opening a database: what is created, what is refused and left unchanged, and
 * how older versions are migrated. Both kinds: one that others may read at the
 * same time, like the bridge's, and an exclusive one, like the gate's. */
#include "scratch.h"

#include "base/sqlite.h"

#define ID 0x5a545054 /* "ZTPT" */

static const char *const steps[] = {
	"CREATE TABLE first(a); INSERT INTO first VALUES(7)",
	"CREATE TABLE second(a); INSERT INTO second SELECT a+1 FROM first",
	"DROP TABLE first",
};

struct opening {
	struct scratch scratch;
	struct ztp_sqlite_file file;
	struct ztp_error error;
	sqlite3 *db;
};

static int open_case(void **state, bool exclusive)
{
	struct opening *o = calloc(1, sizeof(*o));

	assert_non_null(o);
	scratch_make(&o->scratch);
	o->file = (struct ztp_sqlite_file){
		.path = o->scratch.base,
		.what = "ledger",
		.program = "the test",
		.application_id = ID,
		.steps = steps,
		.version = 2,
		.pragmas = "PRAGMA synchronous=FULL",
		.exclusive = exclusive,
	};
	*state = o;
	return 0;
}

static int shared(void **state)
{
	return open_case(state, false);
}

static int exclusive(void **state)
{
	return open_case(state, true);
}

static int teardown(void **state)
{
	struct opening *o = *state;

	sqlite3_close(o->db);
	scratch_remove(&o->scratch);
	free(o);
	return 0;
}

static void open_db(struct opening *o)
{
	if (ztp_sqlite_open(&o->db, &o->file, &o->error) != 0)
		fail_msg("%s", o->error.message);
	ztp_sqlite_accept(o->db);
}

static void close_db(struct opening *o)
{
	assert_int_equal(sqlite3_close(o->db), SQLITE_OK);
	o->db = NULL;
}

static int64_t number(struct opening *o, const char *sql)
{
	int64_t value = -1;

	if (ztp_sqlite_number(o->db, &o->file, sql, &value, &o->error) != 0)
		fail_msg("%s", o->error.message);
	return value;
}

/* Changes the closed file with another connection. */
static void edit(const struct opening *o, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	assert_null(o->db);
	assert_int_equal(sqlite3_open(o->scratch.base, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The file is refused with this message and left unchanged. */
static void expect_refused(struct opening *o, const char *says)
{
	size_t before_len, after_len;
	uint8_t *before = scratch_read(o->scratch.base, &before_len), *after;
	int mode = scratch_mode(o->scratch.base);

	memset(&o->error, 0, sizeof(o->error));
	assert_int_equal(ztp_sqlite_open(&o->db, &o->file, &o->error),
			 ZTP_ERR_IO);
	assert_null(o->db);
	if (!strstr(o->error.message, says))
		fail_msg("\"%s\" does not say \"%s\"", o->error.message, says);
	assert_non_null(strstr(o->error.message, "ledger"));
	assert_non_null(strstr(o->error.message, o->scratch.base));
	after = scratch_read(o->scratch.base, &after_len);
	assert_int_equal(after_len, before_len);
	assert_memory_equal(after, before, before_len);
	assert_int_equal(scratch_mode(o->scratch.base), mode);
	free(before);
	free(after);
}

/* --- made */

static void a_new_file_is_private(void **state)
{
	struct opening *o = *state;
	char log[80];
	mode_t umask_before = umask(0);

	open_db(o);
	assert_int_equal(number(o, "SELECT a FROM second"), 8);
	assert_int_equal(scratch_mode(o->scratch.base), 0600);
	assert_int_equal(ztp_sqlite_exec(o->db, &o->file,
					 "INSERT INTO first VALUES(1)",
					 &o->error),
			 0);
	snprintf(log, sizeof(log), "%s-wal", o->scratch.base);
	assert_int_equal(scratch_mode(log), 0600);
	umask(umask_before);
	assert_int_equal(number(o, "PRAGMA user_version"), 2);
	assert_int_equal(number(o, "PRAGMA application_id"), ID);
	assert_int_equal(number(o, "PRAGMA trusted_schema"), 0);
	assert_int_equal(number(o, "PRAGMA synchronous"), 2);
}

/* Before SQLite writes the first byte to its log. */
static void the_mode_is_mended(void **state)
{
	struct opening *o = *state;
	char log[80];

	open_db(o);
	close_db(o);
	assert_int_equal(chmod(o->scratch.base, 0666), 0);
	open_db(o);
	assert_int_equal(scratch_mode(o->scratch.base), 0600);
	snprintf(log, sizeof(log), "%s-wal", o->scratch.base);
	assert_int_equal(scratch_mode(log), 0600);
}

static void an_empty_file_is_a_new_one(void **state)
{
	struct opening *o = *state;

	scratch_write(o->scratch.base, "", 0);
	assert_int_equal(chmod(o->scratch.base, 0666), 0);
	open_db(o);
	assert_int_equal(number(o, "PRAGMA user_version"), 2);
	assert_int_equal(scratch_mode(o->scratch.base), 0600);
}

static void nobody_else_reads_what_is_exclusive(void **state)
{
	struct opening *o = *state;
	sqlite3 *other = NULL;
	int want = o->file.exclusive ? SQLITE_BUSY : SQLITE_OK;

	open_db(o);
	assert_int_equal(sqlite3_open(o->scratch.base, &other), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(other, "SELECT a FROM second", NULL, NULL, NULL),
		want);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

/* --- refused */

static void what_is_no_place(void **state)
{
	struct opening *o = *state;
	char name[80];

	o->file.path = name;
	snprintf(name, sizeof(name), "%s/not/there", o->scratch.dir);
	assert_int_equal(ztp_sqlite_open(&o->db, &o->file, &o->error),
			 ZTP_ERR_IO);
	assert_non_null(strstr(o->error.message, "ledger: cannot open"));
	snprintf(name, sizeof(name), "%s", o->scratch.dir);
	assert_int_equal(ztp_sqlite_open(&o->db, &o->file, &o->error),
			 ZTP_ERR_IO);
}

static void a_symbolic_link(void **state)
{
	struct opening *o = *state;
	char link[80];

	open_db(o);
	close_db(o);
	snprintf(link, sizeof(link), "%s-link", o->scratch.base);
	assert_int_equal(symlink(o->scratch.base, link), 0);
	o->file.path = link;
	assert_int_equal(ztp_sqlite_open(&o->db, &o->file, &o->error),
			 ZTP_ERR_IO);
	assert_non_null(strstr(o->error.message, "cannot open"));
	assert_null(o->db);
}

static void a_newer_version(void **state)
{
	struct opening *o = *state;

	open_db(o);
	close_db(o);
	edit(o, "PRAGMA user_version=3");
	expect_refused(o,
		       "the test supports versions up to 2: use a newer one");
	edit(o, "PRAGMA user_version=-1");
	expect_refused(o, "schema version -1");
	edit(o, "PRAGMA user_version=2");
	open_db(o);
}

static void another_programs(void **state)
{
	struct opening *o = *state;

	edit(o, "CREATE TABLE something(x)");
	assert_int_equal(chmod(o->scratch.base, 0644), 0);
	expect_refused(o, "another program's");
	edit(o, "PRAGMA application_id=7; DROP TABLE something");
	expect_refused(o, "another program's");
}

static void what_is_no_database(void **state)
{
	struct opening *o = *state;
	char text[5000];

	memset(text, 'x', sizeof(text));
	scratch_write(o->scratch.base, text, sizeof(text));
	assert_int_equal(chmod(o->scratch.base, 0644), 0);
	expect_refused(o, "damaged");
	assert_true(o->error.fatal);
	assert_false(o->error.retriable);
	assert_non_null(strstr(o->error.message, "restore a backup"));
}

static void what_is_damaged(void **state)
{
	struct opening *o = *state;
	uint8_t *bytes, saved[64];
	size_t len, at;

	open_db(o);
	close_db(o);
	bytes = scratch_read(o->scratch.base, &len);
	assert_true(len >= 3 * 4096);
	for (at = 0; at < len; at += 4096) {
		memcpy(saved, bytes + at, sizeof(saved));
		memset(bytes + at, 0xa5, sizeof(saved));
		scratch_write(o->scratch.base, bytes, len);
		expect_refused(o, "damaged");
		memcpy(bytes + at, saved, sizeof(saved));
	}
	scratch_write(o->scratch.base, bytes, len);
	open_db(o);
	free(bytes);
}

/* --- versions */

static void an_older_version_is_brought_to_ours(void **state)
{
	struct opening *o = *state;

	o->file.version = 1;
	open_db(o);
	assert_int_equal(number(o, "SELECT a FROM first"), 7);
	close_db(o);
	o->file.version = 3;
	open_db(o);
	assert_int_equal(number(o, "PRAGMA user_version"), 3);
	assert_int_equal(number(o, "SELECT a FROM second"), 8);
	assert_int_equal(number(o, "SELECT count(*) FROM sqlite_schema"), 1);
	close_db(o);
	/* Again: nothing to do. */
	open_db(o);
	assert_int_equal(number(o, "SELECT a FROM second"), 8);
}

static void a_step_that_fails_leaves_the_version_before(void **state)
{
	static const char *const broken[] = {
		NULL, NULL, "CREATE TABLE half(a); DROP TABLE first; nonsense"};
	struct opening *o = *state;

	open_db(o);
	close_db(o);
	o->file.steps = broken;
	o->file.version = 3;
	assert_int_equal(ztp_sqlite_open(&o->db, &o->file, &o->error),
			 ZTP_ERR_IO);
	assert_null(o->db);
	o->file.version = 2;
	open_db(o);
	assert_int_equal(number(o, "SELECT a FROM first"), 7);
	assert_int_equal(number(o, "SELECT count(*) FROM sqlite_schema "
				   "WHERE name='half'"),
			 0);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, shared, teardown),               \
		cmocka_unit_test_setup_teardown(name, exclusive, teardown)
	const struct CMUnitTest tests[] = {
		T(a_new_file_is_private),
		T(the_mode_is_mended),
		T(an_empty_file_is_a_new_one),
		T(nobody_else_reads_what_is_exclusive),
		T(what_is_no_place),
		T(a_symbolic_link),
		T(a_newer_version),
		T(another_programs),
		T(what_is_no_database),
		T(what_is_damaged),
		T(an_older_version_is_brought_to_ours),
		T(a_step_that_fails_leaves_the_version_before),
	};

	return cmocka_run_group_tests_name("base_sqlite", tests, NULL, NULL);
}
