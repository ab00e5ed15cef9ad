/* A commit that a killed process left in the log, and a disk that cannot sync:
 * what is read after an open is on the disk. */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/sqlite.h"

static const char *const steps[] = {"CREATE TABLE t(x)"};

static struct syncing {
	struct scratch scratch;
	struct ztp_sqlite_file file;
	bool broken; /* whether the disk can sync */
	bool log, name;
	struct ztp_error error;
} s;

/* In place of the C library's. */
int fsync(int fd)
{
	struct stat status, log;
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s-wal", s.file.path);
	assert_int_equal(fstat(fd, &status), 0);
	s.log |= stat(path, &log) == 0 && status.st_ino == log.st_ino;
	s.name |= S_ISDIR(status.st_mode);
	if (!s.broken)
		return (int)syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

static int start(sqlite3 **db)
{
	s.log = s.name = false;
	return ztp_sqlite_open(db, &s.file, &s.error);
}

/* Ends without closing, as if killed. */
static void write_and_die(void)
{
	sqlite3 *db;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(start(&db) != 0 ||
		      ztp_sqlite_exec(db, &s.file, "INSERT INTO t VALUES(7)",
				      &s.error) != 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	scratch_make(&s.scratch);
	s.file = (struct ztp_sqlite_file){.path = s.scratch.base,
					  .what = "thing",
					  .program = "test",
					  .application_id = 0x74657374,
					  .steps = steps,
					  .version = 1,
					  .pragmas = "PRAGMA synchronous=OFF"};
	write_and_die();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&s.scratch);
	return 0;
}

static void what_is_read_is_on_the_disk(void **state)
{
	int64_t x = 0;
	sqlite3 *db;

	(void)state;
	assert_int_equal(start(&db), 0);
	assert_true(s.log);
	assert_true(s.name);
	assert_int_equal(
		ztp_sqlite_number(db, &s.file, "SELECT x FROM t", &x, &s.error),
		0);
	assert_int_equal(x, 7);
	sqlite3_close(db);
}

static void what_cannot_be_synced_is_not_read(void **state)
{
	sqlite3 *db;

	(void)state;
	s.broken = true;
	assert_int_equal(start(&db), ZTP_ERR_IO);
	assert_null(db);
	assert_true(s.log);
	assert_non_null(strstr(s.error.message, "sync"));
	s.broken = false;
	what_is_read_is_on_the_disk(state);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_read_is_on_the_disk),
		T(what_cannot_be_synced_is_not_read),
	};

	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
