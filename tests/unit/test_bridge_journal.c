/* The intake journal: what was appended can be read, whatever happens to the
 * process, the disk or the file in between. */
#include "journal_case.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static const size_t lengths[] = {1,    2,	4087,	 4088,	 4096, 4097,
				 9000, 1 << 18, 1 << 19, 777777, 3};
#define LENGTHS (sizeof(lengths) / sizeof(*lengths))

static void test_round_trip_across_files(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	open_at(f, false);
	expect_end(f);
	for (i = 0; i < 40; i++)
		append(f, i, lengths[i % LENGTHS]);
	assert_true(scratch_files(&f->scratch, "", NULL) > 1);
	for (i = 0; i < 40; i++)
		expect(f, i, lengths[i % LENGTHS]);
	expect_end(f);
	expect_end(f);
	assert_int_equal(journal_backlog(f->journal, &f->mark), 0);
	assert_int_equal(journal_gaps(f->journal), 0);
}

static void test_read_as_it_is_written(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	open_at(f, true);
	for (i = 0; i < 600; i++) {
		append(f, i, 1 + i * 53 % 20000);
		expect(f, i, 1 + i * 53 % 20000);
		expect_end(f);
	}
}

/* Reading can continue from every mark, in this process and in the next. */
static void test_goes_on_from_every_mark(void **state)
{
	struct fixture *f = *state;
	struct journal_mark marks[30];
	unsigned i, k;

	open_at(f, false);
	for (i = 0; i < 30; i++)
		append(f, i, 300000 + i);
	for (i = 0; i < 30; i++) {
		marks[i] = f->mark;
		expect(f, i, 300000 + i);
	}
	f->mark = marks[0];
	restart(f, false);
	assert_int_equal(journal_first_segment(f->journal),
			 marks[29].segment + 1);
	for (i = 0; i < 30; i += 7) {
		f->mark = marks[i];
		for (k = i; k < 30; k++)
			expect(f, k, 300000 + k);
		expect_end(f);
	}
	append(f, 99, 10);
	expect(f, 99, 10);
	f->mark = marks[29];
	restart(f, false); /* older files are removed */
	assert_int_equal(journal_first_segment(f->journal),
			 marks[29].segment + 2);
	expect(f, 29, 300029);
	expect(f, 99, 10);
	expect_end(f);
}

static void test_sizes_that_are_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t *bytes = calloc(1, JOURNAL_ENTRY_MAX + 1);

	assert_non_null(bytes);
	open_at(f, false);
	assert_int_equal(journal_append(f->journal, bytes, 0, &f->error),
			 ZTP_ERR_TOO_LARGE);
	assert_int_equal(journal_append(f->journal, bytes,
					JOURNAL_ENTRY_MAX + 1, &f->error),
			 ZTP_ERR_TOO_LARGE);
	free(bytes);
	expect_end(f);
	append(f, 1, JOURNAL_ENTRY_MAX);
	append(f, 2, JOURNAL_ENTRY_MAX);
	append(f, 3, JOURNAL_ENTRY_MAX);
	append(f, 4, JOURNAL_ENTRY_MAX); /* in the next file */
	expect(f, 1, JOURNAL_ENTRY_MAX);
	expect(f, 2, JOURNAL_ENTRY_MAX);
	expect(f, 3, JOURNAL_ENTRY_MAX);
	expect(f, 4, JOURNAL_ENTRY_MAX);
	expect_end(f);
}

static void test_mark_beyond_the_end(void **state)
{
	struct fixture *f = *state;
	struct journal_mark beyond;
	const void *got;
	size_t n;

	open_at(f, false);
	append(f, 1, 100);
	beyond = (struct journal_mark){journal_first_segment(f->journal), 109};
	assert_int_equal(journal_read(f->journal, &beyond, &got, &n, &f->error),
			 ZTP_ERR_IO);
	beyond =
		(struct journal_mark){journal_first_segment(f->journal) + 1, 0};
	assert_int_equal(journal_read(f->journal, &beyond, &got, &n, &f->error),
			 ZTP_ERR_IO);
	assert_int_equal(journal_backlog(f->journal, &beyond), 0);
}

/* The store was restored from a backup, or somebody removed files. */
static void test_files_that_are_missing(void **state)
{
	struct fixture *f = *state;
	char name[128];
	unsigned i;

	open_at(f, false);
	for (i = 0; i < 4; i++) {
		append(f, i, 100);
		restart(f, false);
	}
	segment_name(f, 2, name);
	assert_int_equal(unlink(name), 0);
	expect(f, 0, 100);
	expect(f, 2, 100);
	expect(f, 3, 100);
	expect_end(f);
	f->mark = (struct journal_mark){77, 4000};
	restart(f, false);
	assert_int_equal(journal_first_segment(f->journal), 78);
	expect_end(f);
	append(f, 5, 5);
	expect(f, 5, 5);
}

/* --- room */

static void test_release_and_reserve(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char name[128];
	unsigned i;

	open_at(f, false);
	assert_int_equal(scratch_files(&f->scratch, "", NULL), 1);
	assert_int_equal(journal_reserve(f->journal, &f->error), 0);
	assert_int_equal(journal_reserve(f->journal, &f->error), 0);
	assert_int_equal(scratch_files(&f->scratch, "", NULL), 2);
	segment_name(f, journal_first_segment(f->journal) + 1, name);
	assert_int_equal(scratch_mode(name), 0600);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_size, JOURNAL_SEGMENT);
	assert_true(st.st_blocks * 512 >= JOURNAL_SEGMENT);
	for (i = 0; i < 10; i++)
		append(f, i, 1000000); /* four to a file */
	assert_int_equal(scratch_files(&f->scratch, "", NULL), 3);
	for (i = 0; i < 10; i++) {
		expect(f, i, 1000000);
		journal_release(f->journal, &f->mark);
	}
	assert_int_equal(scratch_files(&f->scratch, "", NULL), 1);
	expect_end(f);
}

static void test_backlog_counts_bytes(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	open_at(f, false);
	f->mark.segment = journal_first_segment(f->journal);
	append(f, 0, 92);
	assert_int_equal(journal_backlog(f->journal, &f->mark), 100);
	for (i = 0; i < 8; i++)
		append(f, i, 1000000);
	assert_true(journal_backlog(f->journal, &f->mark) > 8000000);
	assert_true(journal_backlog(f->journal, &f->mark) < 12700000);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A full disk, simulated with a limit on the file size, which looks the
 * same. */
static void test_no_room(void **state)
{
	struct fixture *f = *state;
	void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
	uint8_t bytes[1000] = {1};
	int rc;

	limit_files(JOURNAL_SEGMENT / 2);
	assert_int_equal(journal_open(&f->journal, f->scratch.base, false,
				      &f->mark, &f->mark, &f->error),
			 ZTP_ERR_FULL);
	assert_int_equal(scratch_files(&f->scratch, "", NULL), 0);
	limit_files(RLIM_INFINITY);
	open_at(f, false);
	append(f, 1, 1000000);
	append(f, 2, 1000000);
	append(f, 3, 1000000);
	limit_files(JOURNAL_SEGMENT / 2);
	assert_int_equal(journal_reserve(f->journal, &f->error), ZTP_ERR_FULL);
	assert_true(f->error.retriable);
	assert_int_equal(scratch_files(&f->scratch, "", NULL), 1);
	rc = journal_append(f->journal, bytes, sizeof(bytes), &f->error);
	assert_int_equal(rc, ZTP_ERR_FULL); /* not written: beyond the limit */
	limit_files(RLIM_INFINITY);
	append(f, 4, 1000000);
	append(f, 5, 1000000); /* needs the next file */
	assert_int_equal(journal_reserve(f->journal, &f->error), 0);
	signal(SIGXFSZ, before);
	expect(f, 1, 1000000);
	expect(f, 2, 1000000);
	expect(f, 3, 1000000);
	expect(f, 4, 1000000);
	expect(f, 5, 1000000);
	expect_end(f);
}

/* --- two threads */

#define MANY 20000

static void *write_many(void *arg)
{
	struct fixture *f = arg;
	struct ztp_error error;
	uint8_t bytes[2000];
	unsigned i;

	for (i = 0; i < MANY; i++) {
		size_t len = make_entry(bytes, i, 1 + i * 37 % 1999);

		if (journal_append(f->journal, bytes, len, &error) != 0)
			return f;
	}
	return NULL;
}

static void test_writer_and_reader(void **state)
{
	struct fixture *f = *state;
	pthread_t writer;
	void *failed;
	unsigned i = 0;

	open_at(f, false);
	assert_int_equal(pthread_create(&writer, NULL, write_many, f), 0);
	while (i < MANY) {
		uint8_t bytes[2000];
		const void *got;
		size_t n, len = make_entry(bytes, i, 1 + i * 37 % 1999);
		int rc =
			journal_read(f->journal, &f->mark, &got, &n, &f->error);

		assert_true(rc >= 0);
		if (rc == 0)
			continue; /* the writer ends on its own */
		assert_int_equal(n, len);
		assert_memory_equal(got, bytes, len);
		if (++i % 64 == 0) {
			journal_release(f->journal, &f->mark);
			assert_int_equal(journal_reserve(f->journal, &f->error),
					 0);
			assert_true(journal_backlog(f->journal, &f->mark) <
				    64u << 20);
		}
	}
	assert_int_equal(pthread_join(writer, &failed), 0);
	assert_null(failed);
	expect_end(f);
	assert_int_equal(journal_gaps(f->journal), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_round_trip_across_files),
		T(test_read_as_it_is_written),
		T(test_goes_on_from_every_mark),
		T(test_sizes_that_are_refused),
		T(test_mark_beyond_the_end),
		T(test_files_that_are_missing),
		T(test_release_and_reserve),
		T(test_backlog_counts_bytes),
		T(test_no_room),
		T(test_writer_and_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
