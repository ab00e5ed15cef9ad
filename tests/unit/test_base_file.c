/* Reading whole files, of sizes around the limit. */
#include "base/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/exact.h"

#define FOLDER "/tmp/ztp-file-XXXXXX"

struct place {
	char folder[sizeof(FOLDER)], path[64];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	memcpy(place->folder, FOLDER, sizeof(FOLDER));
	assert_non_null(mkdtemp(place->folder));
	(void)snprintf(place->path, sizeof(place->path), "%s/file",
		       place->folder);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	(void)unlink(place->path);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static void put(const struct place *place, size_t n)
{
	FILE *file = fopen(place->path, "we");

	assert_non_null(file);
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(fputc('a' + (int)(i % 26), file), EOF);
	assert_int_equal(fclose(file), 0);
}

static void any_size_up_to_the_bound(void **state)
{
	static const size_t sizes[] = {0,    1,	   4095, 4096,
				       4097, 8192, 9999, 10000};
	struct ztp_error error;
	char *data;
	size_t len;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		put(*state, sizes[i]);
		assert_int_equal(ztp_file_read(&data, &len,
					       ((struct place *)*state)->path,
					       10000, &error),
				 0);
		assert_int_equal(len, sizes[i]);
		assert_int_equal(data[len], '\0');
		for (size_t k = 0; k < len; k++)
			assert_int_equal(data[k], 'a' + (int)(k % 26));
		free(data);
	}
}

static void refused_and_named(const char *path, int want, const char *why)
{
	char *data = (char *)path;
	struct ztp_error error;
	size_t len;

	exact_code(path, ztp_file_read(&data, &len, path, 10000, &error), want);
	assert_null(data);
	assert_non_null(strstr(error.message, path));
	assert_non_null(strstr(error.message, why));
}

static void what_cannot_be_read(void **state)
{
	const struct place *place = *state;

	refused_and_named(place->path, ZTP_ERR_IO, "No such file");
	refused_and_named(place->folder, ZTP_ERR_IO, "Is a directory");
	put(place, 10001);
	refused_and_named(place->path, ZTP_ERR_TOO_LARGE,
			  "larger than 10000 bytes");
}

/* What has no end, and what has no writer. */
static void what_is_no_file(void **state)
{
	const struct place *place = *state;
	char *data;
	size_t len;

	refused_and_named("/dev/zero", ZTP_ERR_TOO_LARGE, "larger than");
	assert_int_equal(ztp_file_read(&data, &len, "/dev/null", 10, NULL), 0);
	assert_int_equal(len, 0);
	free(data);
	assert_int_equal(mkfifo(place->path, 0600), 0);
	refused_and_named(place->path, ZTP_ERR_IO, "nobody has written");
}

struct writer {
	const char *path;
	const char *pieces[3];
};

/* With pauses, which the reader waits for. */
static void *write_slowly(void *arg)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	const struct writer *writer = arg;
	int fd = open(writer->path, O_WRONLY | O_CLOEXEC);

	for (int i = 0; i < 3 && fd >= 0; i++) {
		size_t n = strlen(writer->pieces[i]);

		(void)nanosleep(&pause, NULL);
		if (write(fd, writer->pieces[i], n) != (ssize_t)n)
			break;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void a_fifo_is_read_to_its_end(void **state)
{
	const struct place *place = *state;
	struct writer writer = {place->path, {"one ", "", "two"}};
	pthread_t thread;
	char *data;
	size_t len;

	assert_int_equal(mkfifo(place->path, 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &writer),
			 0);
	assert_int_equal(ztp_file_read(&data, &len, place->path, 10, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(data, "one two");
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_no_file, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(a_fifo_is_read_to_its_end,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(any_size_up_to_the_bound,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(what_cannot_be_read, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
