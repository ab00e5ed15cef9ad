/* A whole file within a bound, or why not. */
#include "scratch.h"

#include <pthread.h>

#include "base/file.h"

#define BLOCK 4096 /* base/file.c's first buffer */

static void reads(const char *path, size_t max, const char *bytes, size_t n)
{
	struct ztp_error error = {0};
	char *data;
	size_t len = 7;

	if (ztp_file_read(&data, &len, path, max, &error) != 0)
		fail_msg("%s", error.message);
	assert_int_equal(len, n);
	assert_memory_equal(data, bytes, n);
	assert_int_equal(data[n], '\0');
	free(data);
}

static void refuses(const char *path, size_t max, enum ztp_err code,
		    const char *says)
{
	struct ztp_error error = {0};
	char *data = (char *)path;
	size_t len = 7;

	assert_int_equal(ztp_file_read(&data, &len, path, max, &error), code);
	assert_null(data);
	assert_int_equal(error.code, code);
	assert_non_null(strstr(error.message, path));
	if (!strstr(error.message, says))
		fail_msg("%s", error.message);
	assert_int_equal(ztp_file_read(&data, &len, path, max, NULL), code);
}

static void sizes(void **state)
{
	static const size_t sizes[] = {0,	  1,	     BLOCK - 1,	 BLOCK,
				       BLOCK + 1, 2 * BLOCK, 100 * BLOCK};
	char *bytes = malloc(100 * BLOCK);
	struct scratch s;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < 100 * BLOCK; i++)
		bytes[i] = (char)(i % 251);
	scratch_make(&s);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		scratch_write(s.base, bytes, sizes[i]);
		reads(s.base, sizes[i], bytes, sizes[i]);
		reads(s.base, sizes[i] + 1, bytes, sizes[i]);
		reads(s.base, 1000 * BLOCK, bytes, sizes[i]);
		if (sizes[i] > 0)
			refuses(s.base, sizes[i] - 1, ZTP_ERR_TOO_LARGE,
				"is larger than ");
	}
	free(bytes);
	scratch_remove(&s);
}

static void what_cannot_be_read(void **state)
{
	struct scratch s;

	(void)state;
	scratch_make(&s);
	refuses(s.base, 10, ZTP_ERR_IO, "No such file or directory");
	refuses(s.dir, 10, ZTP_ERR_IO, "Is a directory");
	scratch_remove(&s);
}

static void *write_slowly(void *arg)
{
	char byte = 'a';

	for (int i = 0; i < 3 * BLOCK; i++)
		if (write(*(int *)arg, &byte, 1) != 1)
			break;
	close(*(int *)arg);
	return NULL;
}

static void a_pipe_is_read_to_its_end(void **state)
{
	char path[64], bytes[3 * BLOCK];
	pthread_t writer;
	int ends[2];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_slowly, &ends[1]),
			 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	reads(path, sizeof(bytes), bytes, sizeof(bytes));
	assert_int_equal(pthread_join(writer, NULL), 0);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(a_pipe_is_read_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
