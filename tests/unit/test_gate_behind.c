/* The registry's database with a thread behind it: what the broker's thread
 * reads meanwhile, what a failed disk takes, and what a power cut leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gate/db.h"
#include "gate_disk.h"
#include "scratch.h"
#include "sql_number.h"

/* --- the disk: replaces the C library's functions for the thread */

#define OPS_MAX 20000

struct op {
	bool is_log, is_sync;
	int64_t offset;
	size_t len;
	char *bytes;
};

static struct {
	pthread_mutex_t lock;
	bool records;
	struct op ops[OPS_MAX];
	size_t count;
	int waits; /* of the broker's thread */
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_broker(void)
{
	return (pid_t)syscall(SYS_gettid) == getpid();
}

static bool is_log(int fd)
{
	char link[64], name[256] = "";
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name) - 1);
	return n > 4 && strcmp(name + n - 4, "-wal") == 0;
}

static void record(const struct op *op)
{
	pthread_mutex_lock(&disk.lock);
	if (disk.records && disk.count < OPS_MAX)
		disk.ops[disk.count++] = *op;
	else
		free(op->bytes);
	pthread_mutex_unlock(&disk.lock);
}

ssize_t pwritev(int fd, const struct iovec *io, int count, off_t offset)
{
	struct op op = {.is_log = is_log(fd), .offset = offset};

	for (int i = 0; i < count; i++) {
		op.bytes = realloc(op.bytes, op.len + io[i].iov_len);
		memcpy(op.bytes + op.len, io[i].iov_base, io[i].iov_len);
		op.len += io[i].iov_len;
	}
	if (pwrite(fd, op.bytes, op.len, offset) != (ssize_t)op.len)
		abort();
	record(&op);
	return (ssize_t)op.len;
}

int fdatasync(int fd)
{
	struct op op = {.is_log = is_log(fd), .is_sync = true};

	pthread_mutex_lock(&disk.lock);
	disk.waits += is_broker();
	pthread_mutex_unlock(&disk.lock);
	if (gate_disk_sync(fd) != 0)
		return -1;
	record(&op);
	return 0;
}

/* --- the database */

struct world {
	struct scratch scratch;
	struct ztp_db *db;
};

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	scratch_make(&w->scratch);
	assert_int_equal(ztp_db_open(&w->db, w->scratch.base, NULL), 0);
	assert_int_equal(ztp_db_start(w->db, NULL), 0);
	disk.waits = 0;
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	gate_disk_set(false, 0);
	for (size_t i = 0; i < disk.count; i++)
		free(disk.ops[i].bytes);
	disk.count = 0;
	disk.records = false;
	ztp_db_close(w->db);
	scratch_remove(&w->scratch);
	free(w);
	return 0;
}

/* A row, and some bytes that make the log grow. */
static void put(struct world *w, int id)
{
	static const char sql[] =
		"INSERT INTO registries VALUES(printf('r%08d', ?1), 'off', "
		"hex(zeroblob(1500)), ?1)";
	sqlite3_stmt *stmt = ztp_db_use(w->db, sql, NULL);

	assert_non_null(stmt);
	ztp_db_int(stmt, 1, id);
	assert_int_equal(ztp_db_run(w->db, stmt, NULL), 0);
}

static void put_all(struct world *w, int from, int to)
{
	for (int id = from; id < to; id++) {
		put(w, id);
		assert_int_equal(ztp_db_commit(w->db, NULL), 0);
		if (id % 500 == 499 && !gate_disk_stands())
			ztp_db_wait(w->db);
	}
}

/* The rows, if they are 0 to n - 1; otherwise -1. */
static int rows(struct world *w)
{
	static const char sql[] = "SELECT count(*), coalesce(max(created_at), "
				  "-1) FROM registries";
	sqlite3_stmt *stmt = ztp_db_use(w->db, sql, NULL);
	int n;

	if (!stmt || ztp_db_step(w->db, stmt, NULL) <= 0)
		return -1;
	n = sqlite3_column_int(stmt, 0);
	if (sqlite3_column_int(stmt, 1) != n - 1)
		n = -1;
	(void)sqlite3_reset(stmt);
	return n;
}

static void open_again(struct world *w)
{
	ztp_db_close(w->db);
	assert_int_equal(ztp_db_open(&w->db, w->scratch.base, NULL), 0);
}

/* Through several checkpoints. */
static void the_broker_does_not_wait(void **state)
{
	struct world *w = *state;

	put_all(w, 0, 3000);
	assert_int_equal(disk.waits, 0);
	assert_int_equal(rows(w), 3000);
	ztp_db_wait(w->db);
	assert_true(ztp_db_durable(w->db) == ztp_db_group(w->db));
	assert_int_equal(disk.waits, 0);
	open_again(w);
	assert_int_equal(rows(w), 3000);
}

/* Also what a checkpoint has moved to the database meanwhile. */
static void a_disk_that_stands_still_can_be_read(void **state)
{
	struct world *w = *state;
	uint64_t durable;

	put_all(w, 0, 100);
	ztp_db_wait(w->db);
	durable = ztp_db_durable(w->db);
	gate_disk_set(true, 0);
	put_all(w, 100, 1000);
	assert_int_equal(rows(w), 1000);
	assert_true(ztp_db_durable(w->db) == durable);
	gate_disk_set(false, 0);
	ztp_db_wait(w->db);
	assert_true(ztp_db_durable(w->db) > durable);
	assert_int_equal(rows(w), 1000);
	open_again(w);
	assert_int_equal(rows(w), 1000);
}

static void a_disk_that_is_too_far_behind_takes_no_more(void **state)
{
	struct world *w = *state;
	struct ztp_error error = {0};
	int rc = 0;

	gate_disk_set(true, 0);
	for (int id = 0; id < 20000 && rc == 0; id++) {
		sqlite3_stmt *stmt = ztp_db_use(
			w->db, "INSERT INTO deleted VALUES(?1, 1, 1)", NULL);

		ztp_db_int(stmt, 1, id);
		rc = ztp_db_run(w->db, stmt, &error);
		if (rc == 0)
			rc = ztp_db_commit(w->db, &error);
	}
	assert_int_equal(rc, ZTP_ERR_IO);
	assert_non_null(strstr(error.message, "too slow"));
	gate_disk_set(false, 0);
	ztp_db_wait(w->db);
	put(w, 1);
	assert_int_equal(ztp_db_commit(w->db, NULL), 0);
}

/* What the failed commit has written to the log is not read again, and the
 * next commit waits for the disk. */
static void a_failure_takes_what_is_not_durable(void **state)
{
	struct world *w = *state;
	struct ztp_error error = {0};
	uint64_t durable;

	put_all(w, 0, 50);
	ztp_db_wait(w->db);
	durable = ztp_db_durable(w->db);
	gate_disk_set(false, ENOSPC);
	put_all(w, 50, 51);
	ztp_db_wait(w->db);
	assert_true(ztp_db_durable(w->db) == durable);
	assert_true(ztp_db_failed(w->db, &error));
	assert_int_equal(error.code, ZTP_ERR_FULL);
	assert_int_equal(ztp_db_recover(w->db, NULL), 0);
	assert_false(ztp_db_failed(w->db, NULL));
	assert_int_equal(rows(w), 50);
	assert_true(ztp_db_durable(w->db) == ztp_db_group(w->db));
	put_all(w, 50, 51);
	assert_true(ztp_db_durable(w->db) == ztp_db_group(w->db));
	put_all(w, 51, 60);
	ztp_db_wait(w->db);
	assert_int_equal(rows(w), 60);
	open_again(w);
	assert_int_equal(rows(w), 60);
}

/* --- a power cut */

static void build(const struct scratch *scratch, bool log, size_t cut,
		  unsigned seed)
{
	char name[512];
	size_t synced = 0;
	int fd;

	(void)snprintf(name, sizeof(name), "%s.cut%s", scratch->base,
		       log ? "-wal" : "");
	fd = open(name, O_RDWR);
	assert_true(fd >= 0);
	for (size_t i = 0; i < cut; i++)
		if (disk.ops[i].is_sync && disk.ops[i].is_log == log)
			synced = i;
	for (size_t i = 0; i < cut; i++) {
		const struct op *op = &disk.ops[i];

		/* what was not synced may be there or not */
		if (op->is_sync || op->is_log != log ||
		    (i > synced && rand_r(&seed) % 2))
			continue;
		assert_int_equal(pwrite(fd, op->bytes, op->len, op->offset),
				 op->len);
	}
	(void)close(fd);
}

static bool is_sound(sqlite3 *db)
{
	return sql_number(db, "SELECT group_concat(integrity_check) = 'ok' "
			      "FROM pragma_integrity_check") == 1 &&
	       sql_number(db,
			  "SELECT count(*) FROM (SELECT 1 FROM proven GROUP BY "
			  "substr(path, 1, 4) % 5000 "
			  "HAVING min(at) <> max(at))") == 0;
}

/* The rows after the cut; -1: the database is damaged. */
static int after_cut(const char *path)
{
	sqlite3 *db = NULL;
	int n = -1;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (is_sound(db))
		n = sql_number(db, "SELECT count(*) FROM registries");
	if (n > 0 &&
	    sql_number(db, "SELECT max(created_at) FROM registries") != n - 1)
		n = -1;
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

enum { ROWS = 700, CUTS = 60, EACH = 8, PAIRS = 150 };

struct seen {
	size_t ops;
	int durable;
};

/* Two rows on pages of their own, which change together and seldom: if the disk
 * has one of them and the log has neither, they differ. */
static void put_pair(struct world *w, int pair, int at)
{
	static const char sql[] =
		"INSERT INTO proven VALUES(printf('%04d', ?1) || "
		"hex(zeroblob(1500)), x'01', x'01', ?2), (printf('%04d', "
		"?1 + 5000) || hex(zeroblob(1500)), x'01', x'01', ?2) "
		"ON CONFLICT DO UPDATE SET at = ?2";
	sqlite3_stmt *stmt = ztp_db_use(w->db, sql, NULL);

	assert_non_null(stmt);
	ztp_db_int(stmt, 1, pair);
	ztp_db_int(stmt, 2, at);
	assert_int_equal(ztp_db_run(w->db, stmt, NULL), 0);
}

/* Writes ROWS rows; what the disk had recorded, and how many rows were durable,
 * after each. */
static void write_rows(struct world *w, struct seen seen[ROWS])
{
	uint64_t start = ztp_db_group(w->db);

	for (int id = 0; id < ROWS; id++) {
		put_pair(w, id % PAIRS, id);
		put_all(w, id, id + 1);
		if (id % 3 == 0)
			ztp_db_wait(w->db);
		seen[id].durable = (int)(ztp_db_durable(w->db) - start);
		pthread_mutex_lock(&disk.lock);
		seen[id].ops = disk.count;
		pthread_mutex_unlock(&disk.lock);
	}
	ztp_db_wait(w->db);
	assert_in_range(disk.count, ROWS / 3, OPS_MAX - 1);
}

static void copy_both(const struct scratch *scratch, const char *from,
		      const char *to)
{
	char source[300], target[300];

	for (int log = 0; log < 2; log++) {
		(void)snprintf(source, sizeof(source), "%s%s%s", scratch->base,
			       from, log ? "-wal" : "");
		(void)snprintf(target, sizeof(target), "%s%s%s", scratch->base,
			       to, log ? "-wal" : "");
		scratch_copy(source, target);
	}
}

static void cut_power(struct world *w, const struct seen seen[ROWS], size_t cut)
{
	char base[256];
	int durable = 0, found;

	for (int id = 0; id < ROWS; id++)
		if (seen[id].ops <= cut)
			durable = seen[id].durable;
	copy_both(&w->scratch, ".first", ".cut");
	build(&w->scratch, false, cut, (unsigned)cut);
	build(&w->scratch, true, cut, (unsigned)cut + 1);
	(void)snprintf(base, sizeof(base), "%s.cut", w->scratch.base);
	found = after_cut(base);
	if (found < durable)
		fail_msg("cut %zu: %d of %d rows", cut, found, durable);
}

/* Whatever of the unsynced writes the disk has kept: the database is sound and
 * has every row that was durable, through checkpoints and logs that begin
 * anew. The cuts are spread evenly, and some are in each checkpoint, behind a
 * write to the database. */
static void a_power_cut_keeps_what_is_durable(void **state)
{
	struct world *w = *state;
	struct seen *seen = calloc(ROWS, sizeof(*seen));
	size_t checkpoints = 0;

	assert_non_null(seen);
	for (int pair = 0; pair < PAIRS; pair++)
		put_pair(w, pair, 0);
	assert_int_equal(ztp_db_commit(w->db, NULL), 0);
	ztp_db_wait(w->db);
	copy_both(&w->scratch, "", ".first");
	disk.records = true;
	write_rows(w, seen);
	for (size_t i = 1; i <= CUTS; i++)
		cut_power(w, seen, disk.count * i / CUTS);
	for (size_t i = 0; i < disk.count; i++) {
		if (disk.ops[i].is_log || disk.ops[i].is_sync)
			continue;
		if (checkpoints++ % EACH == 0)
			cut_power(w, seen, i + 1);
	}
	assert_true(checkpoints > EACH);
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
		T(the_broker_does_not_wait),
		T(a_disk_that_stands_still_can_be_read),
		T(a_disk_that_is_too_far_behind_takes_no_more),
		T(a_failure_takes_what_is_not_durable),
		T(a_power_cut_keeps_what_is_durable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
