/* What a process has left in its journal, as one reads it that does not write
 * there; and whether the files go as far as the mark that others have of them. */
#include "journal_case.h"

#include <sys/stat.h>

#include "bridge/journal/journal_id.h"

#define LEN 300000u /* 13 of them fill a file */

/* A journal of `count` entries whose process is gone. */
static struct fixture *left(void **state, unsigned count)
{
	struct fixture *f = *state;
	unsigned i;

	open_at(f, false);
	for (i = 0; i < count; i++)
		append(f, i, LEN);
	journal_close(f->journal);
	f->journal = NULL;
	assert_int_equal(
		journal_open_left(&f->journal, f->scratch.base, &f->error), 0);
	return f;
}

static int reaches(struct fixture *f, uint64_t segment, uint64_t offset)
{
	const struct journal_mark mark = {segment, offset};

	return journal_reaches(f->journal, &mark, &f->error);
}

static void test_it_is_read_to_its_end(void **state)
{
	struct fixture *f = left(state, 20);
	unsigned i;

	for (i = 0; i < 20; i++)
		expect(f, i, LEN);
	expect_end(f);
	expect_end(f);
	assert_int_equal(scratch_files(&f->scratch, "", NULL), 2);
}

static void test_it_is_read_from_a_mark(void **state)
{
	struct fixture *f = left(state, 20);
	struct journal_mark mark;
	unsigned i;

	for (i = 0; i < 15; i++)
		expect(f, i, LEN);
	mark = f->mark;
	journal_remove(f->journal, mark.segment);
	assert_int_equal(scratch_files(&f->scratch, "", NULL), 1);
	assert_int_equal(reaches(f, mark.segment, mark.offset), 1);
	f->mark = mark;
	for (i = 15; i < 20; i++)
		expect(f, i, LEN);
	expect_end(f);
}

static void test_nothing_is_left(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		journal_open_left(&f->journal, f->scratch.base, &f->error), 0);
	expect_end(f);
	assert_int_equal(reaches(f, 0, 0), 1);
	assert_int_equal(reaches(f, 1, 0), 0);
	assert_int_equal(reaches(f, 7, 100), 0);
}

static void test_as_far_as_the_mark(void **state)
{
	struct fixture *f = left(state, 20);
	struct journal_mark end;
	unsigned i;

	for (i = 0; i < 20; i++) {
		assert_int_equal(reaches(f, f->mark.segment, f->mark.offset),
				 1);
		expect(f, i, LEN);
	}
	end = f->mark;
	assert_int_equal(end.segment, 2);
	assert_int_equal(reaches(f, 2, end.offset), 1);
	assert_int_equal(reaches(f, 2, end.offset + 1), 0);
	assert_int_equal(reaches(f, 2, JOURNAL_SEGMENT), 0);
	assert_int_equal(reaches(f, 3, 0), 0);
	/* Another file follows, so this one was written to its end. */
	assert_int_equal(reaches(f, 1, JOURNAL_SEGMENT), 1);
}

/* A power loss, or an earlier disk, has taken the last ones. */
static void test_its_last_entries_are_gone(void **state)
{
	struct fixture *f = left(state, 20);
	static const uint8_t nothing[LEN];
	struct journal_mark before_last;
	char name[128];
	unsigned i;
	int fd;

	for (i = 0; i < 19; i++)
		expect(f, i, LEN);
	before_last = f->mark;
	expect(f, 19, LEN);
	segment_name(f, 2, name);
	fd = open(name, O_RDWR);
	assert_int_equal(pwrite(fd, nothing, LEN, (off_t)before_last.offset),
			 LEN);
	close(fd);
	journal_close(f->journal);
	f->journal = NULL;
	assert_int_equal(
		journal_open_left(&f->journal, f->scratch.base, &f->error), 0);
	assert_int_equal(reaches(f, 2, before_last.offset), 1);
	assert_int_equal(reaches(f, f->mark.segment, f->mark.offset), 0);
}

static void test_all_of_it_is_removed(void **state)
{
	struct fixture *f = left(state, 20);

	journal_remove(f->journal, JOURNAL_ALL);
	assert_int_equal(scratch_files(&f->scratch, "", NULL), 0);
}

/* Nobody waits for its other end. */
static void test_a_fifo_is_no_journal(void **state)
{
	struct fixture *f = *state;
	char id[JOURNAL_ID_LEN], name[128];

	snprintf(name, sizeof(name), "%s.intake-id", f->scratch.base);
	assert_int_equal(mkfifo(name, 0600), 0);
	alarm(10);
	assert_true(journal_id_renew(id, f->scratch.base, &f->error) < 0);
	segment_name(f, 3, name);
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_true(journal_open_left(&f->journal, f->scratch.base, &f->error) <
		    0);
	assert_non_null(strstr(f->error.message, "is not a regular file"));
	alarm(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_it_is_read_to_its_end),
		TEST(test_it_is_read_from_a_mark),
		TEST(test_nothing_is_left),
		TEST(test_as_far_as_the_mark),
		TEST(test_its_last_entries_are_gone),
		TEST(test_all_of_it_is_removed),
		TEST(test_a_fifo_is_no_journal),
	};

	return cmocka_run_group_tests_name("bridge_journal_left", tests, NULL,
					   NULL);
}
