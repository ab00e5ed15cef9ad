/* What a disk keeps: of files as the bridge's journal writes them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/contract/contract.h"

#define PAGE 4096
#define MANY 64 /* pages */

static const char *path(const char *name)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s/%s", stage_disk(), name);
	return text;
}

static int make(const char *name)
{
	int fd = open(path(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	return fd;
}

static void write_page(int fd, int page, char letter)
{
	char bytes[PAGE];

	memset(bytes, letter, sizeof(bytes));
	CHECK_SAME(pwrite(fd, bytes, PAGE, (off_t)page * PAGE), PAGE);
}

static char letter_at(int fd, int page)
{
	char letter = '-';

	return pread(fd, &letter, 1, (off_t)page * PAGE) == 1 ? letter : '-';
}

/* --- full */

/* What is there already can be written again; what would make a file longer, or
 * be a new one's first byte, cannot. */
static void full_disk_takes_what_has_room(void)
{
	char bytes[PAGE] = "";
	int fd = make("old"), other;

	write_page(fd, 0, 'a');
	CHECK_SAME(fdatasync(fd), 0);
	stage_fill_disk(true);
	write_page(fd, 0, 'b');
	CHECK_SAME(pwrite(fd, bytes, PAGE, PAGE), -1);
	CHECK_SAME(errno, ENOSPC);
	other = open(path("new"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(other < 0 || pwrite(other, bytes, PAGE, 0) < 0);
	CHECK_SAME(errno, ENOSPC);
	CHECK_SAME(letter_at(fd, 0), 'b');
	stage_fill_disk(false);
	write_page(fd, 1, 'c');
}

static void reserved_room_is_there_when_it_is_full(void)
{
	int fd = make("reserved");

	CHECK_SAME(posix_fallocate(fd, 0, 4 * PAGE), 0);
	stage_fill_disk(true);
	write_page(fd, 3, 'a');
	CHECK_SAME(letter_at(fd, 3), 'a');
	CHECK_SAME(posix_fallocate(fd, 4 * PAGE, PAGE), ENOSPC);
}

static void full_disk_can_be_emptied(void)
{
	int fd = make("large");

	write_page(fd, 0, 'a');
	close(fd);
	stage_fill_disk(true);
	CHECK_SAME(unlink(path("large")), 0);
	CHECK_SAME(open(path("large"), O_RDWR | O_CLOEXEC), -1);
	CHECK_SAME(errno, ENOENT);
}

static void only_one_locks_a_file(void)
{
	int fd = make("lock");
	int other = open(path("lock"), O_RDWR | O_CLOEXEC);

	CHECK_SAME(flock(fd, LOCK_EX | LOCK_NB), 0);
	CHECK_SAME(flock(other, LOCK_EX | LOCK_NB), -1);
	CHECK_SAME(errno, EWOULDBLOCK);
}

/* --- power that is cut */

/* What was synced is there, as it was then. */
static void synced_survives_a_power_cut(void)
{
	int fd = make("synced"), page;

	for (page = 0; page < MANY; page++)
		write_page(fd, page, 'a');
	CHECK_SAME(fdatasync(fd), 0);
	close(fd);
	stage_power_cut();
	fd = open(path("synced"), O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	for (page = 0; page < MANY; page++)
		CHECK_SAME(letter_at(fd, page), 'a');
}

/* What was not may be there, or not; each page as it was or as it was written,
 * and nothing else. */
static void not_synced_may_be_lost(void)
{
	int fd = make("half"), page, old = 0;

	for (page = 0; page < MANY; page++)
		write_page(fd, page, 'a');
	CHECK_SAME(fdatasync(fd), 0);
	for (page = 0; page < MANY; page++)
		write_page(fd, page, 'b');
	close(fd);
	stage_power_cut();
	fd = open(path("half"), O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	for (page = 0; page < MANY; page++) {
		char letter = letter_at(fd, page);

		CHECK(letter == 'a' || letter == 'b');
		old += letter == 'a';
	}
	CHECK(old > 0);
}

/* A new file's name is as safe as what is in it, without a sync of its folder;
 * those that were never synced may be gone. */
static void name_of_a_new_file(void)
{
	int fd = make("named"), i, gone = 0;
	char name[16];

	write_page(fd, 0, 'a');
	CHECK_SAME(fsync(fd), 0);
	close(fd);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "never-%d", i);
		close(make(name));
	}
	stage_power_cut();
	fd = open(path("named"), O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_SAME(letter_at(fd, 0), 'a');
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "never-%d", i);
		gone += open(path(name), O_RDWR | O_CLOEXEC) < 0;
	}
	CHECK(gone > 0);
}

/* What was reserved and never written is zeros, and its length is safe with the
 * sync of what was written into it. */
static void reserved_room_after_a_power_cut(void)
{
	int fd = make("room");
	char letter = 'x';

	CHECK_SAME(posix_fallocate(fd, 0, 8 * PAGE), 0);
	write_page(fd, 0, 'a');
	CHECK_SAME(fdatasync(fd), 0);
	close(fd);
	stage_power_cut();
	fd = open(path("room"), O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_SAME(letter_at(fd, 0), 'a');
	CHECK_SAME(pread(fd, &letter, 1, 7 * PAGE), 1);
	CHECK_SAME(letter, 0);
}

const struct assertion disk_assertions[] = {
	{"full_disk_takes_what_has_room", full_disk_takes_what_has_room},
	{"reserved_room_is_there_when_it_is_full",
	 reserved_room_is_there_when_it_is_full},
	{"full_disk_can_be_emptied", full_disk_can_be_emptied},
	{"only_one_locks_a_file", only_one_locks_a_file},
	{"synced_survives_a_power_cut", synced_survives_a_power_cut},
	{"not_synced_may_be_lost", not_synced_may_be_lost},
	{"name_of_a_new_file", name_of_a_new_file},
	{"reserved_room_after_a_power_cut", reserved_room_after_a_power_cut},
	{NULL, NULL},
};
