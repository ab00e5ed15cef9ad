/* A journal that somebody else has cut: said, and not mistaken for what a process
 * leaves that is killed at any moment. */
#include "journal_case.h"

#define LEN    300000u /* 13 of them fill a file */
#define STRIDE (LEN + 8)

/* Files 1 and 2, of 13 and 7 entries, whose process is gone. */
static void two_files(struct fixture *f)
{
	unsigned i;

	open_at(f, false);
	for (i = 0; i < 20; i++)
		append(f, i, LEN);
	journal_close(f->journal);
	f->journal = NULL;
}

static void shorten(const struct fixture *f, uint64_t segment, off_t size)
{
	char name[128];

	segment_name(f, segment, name);
	assert_int_equal(truncate(name, size), 0);
}

static void lose(const struct fixture *f, uint64_t segment)
{
	char name[128];

	segment_name(f, segment, name);
	assert_int_equal(unlink(name), 0);
}

/* The next start reads all that there is, and this is what it says. */
static void next_start(struct fixture *f, unsigned entries, uint64_t cuts)
{
	const void *bytes;
	unsigned found = 0;
	size_t len;

	open_at(f, false);
	while (journal_read(f->journal, &f->mark, &bytes, &len, &f->error) == 1)
		found++;
	assert_int_equal(found, entries);
	assert_int_equal(journal_cuts(f->journal), cuts);
	assert_int_equal(journal_gaps(f->journal), 0);
	/* It goes on as ever. */
	append(f, 1, 10);
	expect(f, 1, 10);
	expect_end(f);
	assert_int_equal(journal_cuts(f->journal), cuts);
	/* And it is not said again, since the next one reads on behind it. */
	restart(f, false);
	expect_end(f);
	assert_int_equal(journal_cuts(f->journal), 0);
	journal_close(f->journal);
	f->journal = NULL;
}

static void test_nothing_is_cut(void **state)
{
	struct fixture *f = *state;

	two_files(f);
	next_start(f, 20, 0);
}

/* Between two entries, and inside of one. */
static void test_a_file_is_cut(void **state)
{
	struct fixture *f = *state;

	two_files(f);
	shorten(f, 1, 5 * STRIDE);
	shorten(f, 2, 3 * STRIDE - 1);
	next_start(f, 5 + 2, 2);
}

static void test_a_file_is_cut_in_its_first_entry(void **state)
{
	struct fixture *f = *state;

	two_files(f);
	shorten(f, 1, 6);
	shorten(f, 2, LEN);
	next_start(f, 0, 2);
}

/* A process that was killed while it made its file, or before it had an entry, has
 * left no entry in it. */
static void test_a_file_that_was_never_written(void **state)
{
	static const off_t sizes[] = {0, 1, 4096, JOURNAL_SEGMENT / 2,
				      JOURNAL_SEGMENT};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char name[128];
		int fd;

		open_at(f, false);
		append(f, (unsigned)i, 10);
		segment_name(f, journal_first_segment(f->journal) + 1, name);
		journal_close(f->journal);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_true(fd >= 0);
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		close(fd);
		open_at(f, false);
		expect(f, (unsigned)i, 10);
		expect_end(f);
		assert_int_equal(journal_cuts(f->journal), 0);
		journal_close(f->journal);
		f->journal = NULL;
	}
}

/* The last entry is torn, in a file that has its size. */
static void test_a_torn_tail(void **state)
{
	static const uint8_t nothing[STRIDE];
	struct fixture *f = *state;
	char name[128];
	int fd;

	two_files(f);
	segment_name(f, 2, name);
	fd = open(name, O_RDWR);
	assert_int_equal(pwrite(fd, nothing, LEN / 2, 6 * STRIDE + LEN / 2),
			 LEN / 2);
	close(fd);
	next_start(f, 19, 0);
}

static void test_a_file_is_missing_in_between(void **state)
{
	struct fixture *f = *state;

	two_files(f);
	open_at(f, false);
	append(f, 100, LEN);
	journal_close(f->journal);
	lose(f, 2);
	next_start(f, 13 + 1, 1);
}

/* What is in front of the first one may have been taken long ago: a new store
 * knows of none. */
static void test_a_journal_begins_anywhere(void **state)
{
	struct fixture *f = *state;

	two_files(f);
	lose(f, 1);
	next_start(f, 7, 0);
}

/* The store has read behind the end of what is there. */
static void test_it_ends_before_the_mark(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	two_files(f);
	open_at(f, false);
	for (i = 0; i < 17; i++)
		expect(f, i, LEN);
	journal_close(f->journal);
	assert_int_equal(f->mark.segment, 2);
	shorten(f, 2, 2 * STRIDE);
	next_start(f, 0, 1);
}

static void test_the_mark_s_file_is_missing(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	two_files(f);
	open_at(f, false);
	for (i = 0; i < 5; i++)
		expect(f, i, LEN);
	journal_close(f->journal);
	lose(f, 1);
	next_start(f, 7, 1);
}

static void test_all_of_it_is_missing(void **state)
{
	struct fixture *f = *state;

	two_files(f);
	open_at(f, false);
	expect(f, 0, LEN);
	journal_close(f->journal);
	lose(f, 1);
	lose(f, 2);
	lose(f, 3);
	next_start(f, 0, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_nothing_is_cut),
		T(test_a_file_is_cut),
		T(test_a_file_is_cut_in_its_first_entry),
		T(test_a_file_that_was_never_written),
		T(test_a_torn_tail),
		T(test_a_file_is_missing_in_between),
		T(test_a_journal_begins_anywhere),
		T(test_it_ends_before_the_mark),
		T(test_the_mark_s_file_is_missing),
		T(test_all_of_it_is_missing),
	};

	return cmocka_run_group_tests_name("bridge_journal_cut", tests, NULL,
					   NULL);
}
