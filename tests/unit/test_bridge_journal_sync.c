/* The intake journal and a disk that cannot sync: what is read after a start is
 * on the disk, and what could not be put there is not read. */
#include "scratch.h"

#include <errno.h>
#include <sys/syscall.h>

#include "bridge/journal/journal.h"

struct syncing {
	struct scratch scratch;
	struct journal *journal;
	struct journal_mark mark;
	struct ztp_error error;
};

static bool broken; /* whether the disk can sync */
static int synced;  /* files and their names, by fsync */

/* In place of the C library's. */
int fdatasync(int fd)
{
	if (!broken)
		return (int)syscall(SYS_fdatasync, fd);
	errno = EIO;
	return -1;
}

int fsync(int fd)
{
	synced++;
	if (!broken)
		return (int)syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

static int start(struct syncing *s)
{
	synced = 0;
	return journal_open(&s->journal, s->scratch.base, true, &s->mark,
			    &s->mark, &s->error);
}

/* Closing syncs nothing, so it has the same effect as a kill. */
static void end(struct syncing *s)
{
	journal_close(s->journal);
	s->journal = NULL;
}

static int append(struct syncing *s, const char *text)
{
	return journal_append(s->journal, text, strlen(text), &s->error);
}

static void reads(struct syncing *s, const char *text)
{
	const void *bytes;
	size_t len;

	assert_int_equal(
		journal_read(s->journal, &s->mark, &bytes, &len, &s->error),
		text ? 1 : 0);
	if (!text)
		return;
	assert_int_equal(len, strlen(text));
	assert_memory_equal(bytes, text, len);
}

static int setup(void **state)
{
	struct syncing *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	scratch_make(&s->scratch);
	broken = false;
	assert_int_equal(start(s), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct syncing *s = *state;

	broken = false;
	journal_close(s->journal);
	scratch_remove(&s->scratch);
	free(s);
	return 0;
}

static void what_could_not_be_synced_is_not_read(void **state)
{
	struct syncing *s = *state;

	assert_int_equal(append(s, "first"), 0);
	broken = true;
	assert_int_equal(append(s, "second"), ZTP_ERR_IO);
	end(s);
	broken = false;
	assert_int_equal(start(s), 0);
	reads(s, "first");
	reads(s, NULL);
}

/* Its own new file, the directory, and each of those that it goes on to read. */
static void a_start_syncs_what_it_reads(void **state)
{
	struct syncing *s = *state;
	int before = synced;

	assert_int_equal(append(s, "first"), 0);
	end(s);
	assert_int_equal(start(s), 0);
	assert_int_equal(synced, before + 2);
	assert_int_equal(append(s, "second"), 0);
	end(s);
	assert_int_equal(start(s), 0);
	assert_int_equal(synced, before + 4);
	reads(s, "first");
	reads(s, "second");
}

static void a_start_that_cannot_fails(void **state)
{
	struct syncing *s = *state;

	assert_int_equal(append(s, "first"), 0);
	end(s);
	broken = true;
	assert_int_equal(start(s), ZTP_ERR_IO);
	assert_null(s->journal);
	assert_non_null(strstr(s->error.message, "cannot sync"));
	broken = false;
	assert_int_equal(start(s), 0);
	reads(s, "first");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_could_not_be_synced_is_not_read),
		T(a_start_syncs_what_it_reads),
		T(a_start_that_cannot_fails),
	};

	return cmocka_run_group_tests_name("bridge_journal_sync", tests, NULL,
					   NULL);
}
