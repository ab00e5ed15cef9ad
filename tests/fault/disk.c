/*
 * A disk that is full or read-only, as far as the program can tell.
 *
 * Full (ENOSPC): what makes a file longer, or a new one, fails; writing where
 * there is room already goes well, and so does removing. Anything else
 * (EROFS, EIO): nothing can be written. statvfs says the same. One that stands
 * still keeps whoever syncs a file or writes to several places of it waiting.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "preload.h"

bool disk_refuses(bool grows)
{
	struct control *control = preload_control();
	int32_t error = __atomic_load_n(&control->fail_errno, __ATOMIC_SEQ_CST);

	if (!error || (error == ENOSPC && !grows))
		return false;
	(void)__atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
	errno = error;
	return true;
}

bool disk_grows(int fd, off_t at, size_t len)
{
	struct stat st;

	if (at < 0)
		at = lseek(fd, 0, SEEK_CUR);
	return fstat(fd, &st) != 0 || at + (off_t)len > st.st_size;
}

void disk_stands(enum control_still call)
{
	struct control *control = preload_control();
	const struct timespec moment = {.tv_nsec = 1000000};

	if (__atomic_load_n(&control->still, __ATOMIC_SEQ_CST) < call)
		return;
	(void)__atomic_add_fetch(&control->waited, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&control->still, __ATOMIC_SEQ_CST) >= call)
		(void)nanosleep(&moment, NULL);
}

/* Devices and what is only read stay as they are. */
static bool open_refused(const char *path, int flags)
{
	if ((flags & O_ACCMODE) == O_RDONLY || strncmp(path, "/dev/", 5) == 0)
		return false;
	return disk_refuses((flags & O_CREAT) && access(path, F_OK) != 0);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (open_refused(path, flags))
		return -1;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	return open(path, flags, mode);
}

static void spoil(struct statvfs *fs)
{
	int32_t error = preload_control()->fail_errno;

	if (error == ENOSPC)
		fs->f_bfree = fs->f_bavail = 0;
	else if (error == EROFS)
		fs->f_flag |= ST_RDONLY;
}

int statvfs(const char *path, struct statvfs *fs)
{
	int (*real)(const char *, struct statvfs *);
	void *symbol = dlsym(RTLD_NEXT, "statvfs");
	int rc;

	if (!symbol)
		abort();
	memcpy(&real, &symbol, sizeof(real));
	rc = real(path, fs);
	if (rc == 0)
		spoil(fs);
	return rc;
}
