/* Files that may hold a secret: who can read them afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "tools/common/out_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What was put on the disk, in its order. */
static char synced[8];

int fsync(int fd)
{
	size_t n = strlen(synced);
	struct stat st;

	if (n + 1 < sizeof(synced) && fstat(fd, &st) == 0)
		synced[n] = S_ISDIR(st.st_mode) ? 'd' : 'f';
	return (int)syscall(SYS_fsync, fd);
}

struct place {
	char folder[64], path[96], other[96];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	snprintf(place->folder, sizeof(place->folder), "/tmp/ztp-out-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof(place->path), "%s/out", place->folder);
	snprintf(place->other, sizeof(place->other), "%s/other", place->folder);
	umask(0); /* the worst there is */
	memset(synced, 0, sizeof(synced));
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	(void)unlink(place->path);
	(void)unlink(place->other);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_holds(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char got[64] = "";
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
	assert_string_equal(got, text);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	close(fd);
}

static void a_new_file(void **state)
{
	const struct place *place = *state;

	assert_int_equal(ztp_out_file_write(place->path, "one", 3, NULL), 0);
	assert_holds(place->path, "one", 0600);
	assert_int_equal(ztp_out_file_write(place->path, "", 0, NULL), 0);
	assert_holds(place->path, "", 0600);
}

/* Whatever its mode was, and whoever had it open or linked to it. */
static void a_file_that_is_there(void **state)
{
	const struct place *place = *state;
	char got[8];
	int fd;

	put(place->path, "longer than that", 0644);
	assert_int_equal(link(place->path, place->other), 0);
	fd = open(place->path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ztp_out_file_write(place->path, "new", 3, NULL), 0);
	assert_holds(place->path, "new", 0600);
	assert_holds(place->other, "longer than that", 0644);
	assert_int_equal(read(fd, got, 6), 6);
	assert_memory_equal(got, "longer", 6);
	close(fd);
}

/* The device says then that it has it, and nobody else keeps it: neither a power
 * loss nor a full disk may take it, nor what was there before. */
static void what_is_written_is_on_the_disk(void **state)
{
	const struct place *place = *state;

	assert_int_equal(ztp_out_file_write(place->path, "one", 3, NULL), 0);
	assert_string_equal(synced, "fd");
	assert_int_equal(ztp_out_file_write(place->path, "two", 3, NULL), 0);
	assert_string_equal(synced, "fdfd");
}

static void a_disk_that_is_full(void **state)
{
	const struct rlimit none = {.rlim_cur = 4, .rlim_max = RLIM_INFINITY};
	const struct place *place = *state;
	struct rlimit before;
	struct ztp_error error;

	put(place->path, "theirs", 0644);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(
		ztp_out_file_write(place->path, "too large", 9, &error),
		ZTP_ERR_IO);
	assert_non_null(strstr(error.message, place->path));
	assert_int_equal(ztp_out_file_write(place->other, "too large", 9, NULL),
			 ZTP_ERR_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_holds(place->path, "theirs", 0644);
	assert_int_equal(access(place->other, F_OK), -1);
}

/* Its directory is not ours, and nothing can be made beside it. */
static void a_file_in_somebody_elses_directory(void **state)
{
	const struct place *place = *state;

	put(place->path, "longer than that", 0644);
	assert_int_equal(chmod(place->folder, 0555), 0);
	assert_int_equal(ztp_out_file_write(place->path, "new", 3, NULL), 0);
	assert_holds(place->path, "new", 0600);
	assert_int_equal(chmod(place->folder, 0700), 0);
}

static void a_symbolic_link(void **state)
{
	const struct place *place = *state;
	struct ztp_error error;

	put(place->other, "theirs", 0644);
	assert_int_equal(symlink(place->other, place->path), 0);
	for (int i = 0; i < 2; i++) { /* then it leads nowhere */
		assert_int_equal(
			ztp_out_file_write(place->path, "x", 1, &error),
			ZTP_ERR_IO);
		assert_non_null(strstr(error.message, place->path));
		assert_non_null(strstr(error.message, "symbolic link"));
		if (i == 0)
			assert_holds(place->other, "theirs", 0644);
		assert_int_equal(access(place->other, F_OK), i ? -1 : 0);
		(void)unlink(place->other);
	}
}

/* Also through a link, as /dev/stdout is one. */
static void what_is_no_file(void **state)
{
	const struct place *place = *state;
	struct stat before, after;

	assert_int_equal(stat("/dev/null", &before), 0);
	assert_int_equal(ztp_out_file_write("/dev/null", "x", 1, NULL), 0);
	assert_int_equal(symlink("/dev/null", place->path), 0);
	assert_int_equal(ztp_out_file_write(place->path, "x", 1, NULL), 0);
	assert_int_equal(stat("/dev/null", &after), 0);
	assert_int_equal(before.st_mode, after.st_mode);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void what_cannot_be_written(void **state)
{
	const struct place *place = *state;
	struct ztp_error error;

	assert_int_equal(ztp_out_file_write(place->folder, "x", 1, &error),
			 ZTP_ERR_IO);
	assert_non_null(strstr(error.message, "Is a directory"));
	assert_int_equal(ztp_out_file_write("/no/such/x", "x", 1, &error),
			 ZTP_ERR_IO);
	assert_non_null(strstr(error.message, "No such file"));
	assert_int_equal(ztp_out_file_write("/dev/full", "x", 1, &error),
			 ZTP_ERR_IO);
	assert_non_null(strstr(error.message, "No space"));
}

/* Nobody may ever read it. */
static void a_pipe_that_nobody_reads(void **state)
{
	const struct place *place = *state;
	struct ztp_error error;

	assert_int_equal(mkfifo(place->path, 0600), 0);
	assert_int_equal(ztp_out_file_write(place->path, "x", 1, &error),
			 ZTP_ERR_IO);
	assert_non_null(strstr(error.message, "nobody reads it"));
}

static void what_is_seen_before(void **state)
{
	const struct place *place = *state;
	char path[128];

	assert_int_equal(ztp_out_file_check(place->path, NULL), 0);
	put(place->path, "theirs", 0644);
	assert_int_equal(ztp_out_file_check(place->path, NULL), 0);
	assert_holds(place->path, "theirs", 0644);
	assert_int_equal(ztp_out_file_check("/dev/stdout", NULL), 0);
	assert_int_equal(ztp_out_file_check("file", NULL), 0);
	assert_int_equal(ztp_out_file_check(place->folder, NULL), ZTP_ERR_IO);
	assert_int_equal(ztp_out_file_check("", NULL), ZTP_ERR_IO);
	snprintf(path, sizeof(path), "%s/none/file", place->folder);
	assert_int_equal(ztp_out_file_check(path, NULL), ZTP_ERR_IO);
	snprintf(path, sizeof(path), "%s/file", place->path);
	assert_int_equal(ztp_out_file_check(path, NULL), ZTP_ERR_IO);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_pipe_that_nobody_reads),
		T(what_is_seen_before),
		T(a_new_file),
		T(a_file_that_is_there),
		T(what_is_written_is_on_the_disk),
		T(a_disk_that_is_full),
		T(a_file_in_somebody_elses_directory),
		T(a_symbolic_link),
		T(what_is_no_file),
		T(what_cannot_be_written),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
