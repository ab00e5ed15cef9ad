/*
 * libcrash.so, preloaded into the bridge: its durable and network steps are
 * counted, and it is killed in front of the one that the test names (or in
 * the middle of it). A step is
 *
 *	file	write pwrite pwrite64 writev pwritev fsync fdatasync ftruncate
 *		ftruncate64 fallocate posix_fallocate rename unlink
 *	socket	what is sent to the MQTT broker, and to Kafka as Produce,
 *		OffsetCommit or the work of a transaction
 *
 * Keepalives and Kafka's fetches, heartbeats and metadata are not counted:
 * they come with time, not with the life of a request, and would make the
 * number of steps depend on how long a run takes. Standard output and error
 * are not counted either.
 *
 * The same page can make the disk full, read-only or as good as dead (disk.c)
 * and move the wall clock as the main program sees it (clock.c).
 *
 * SIGKILL to oneself is what kill -9 is: no handler, no flush, no atexit.
 * The kernel keeps what was written, as it does for a killed process.
 *
 * The system calls are made directly, and only those that every 64-bit
 * architecture has: arm64 knows neither rename nor unlink. On 32 bits an offset
 * takes two registers and each call has a second one for 64-bit times.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload.h"

_Static_assert(sizeof(long) == 8, "libcrash.so is for 64-bit systems");

#define PEEK 8 /* bytes of a packet that tell what it is */

static struct control none;
static struct control *control = &none;

struct control *preload_control(void)
{
	return control;
}

__attribute__((constructor)) static void setup(void)
{
	const char *path = getenv("ZTP_FAULT_CONTROL");
	void *page;
	int fd;

	if (!path)
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		abort();
	page = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	if (page == MAP_FAILED)
		abort();
	(void)close(fd);
	control = page;
	__atomic_store_n(&control->steps, 0, __ATOMIC_SEQ_CST);
}

static void die(void)
{
	(void)syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	for (;;)
		(void)pause();
}

/* Counts one step. True: it is the last one and to be done half-way, after
 * which the caller calls die(). */
static bool step(void)
{
	int64_t n = __atomic_add_fetch(&control->steps, 1, __ATOMIC_SEQ_CST);

	if (!control->crash_at || n < control->crash_at)
		return false;
	if (n > control->crash_at || !control->half)
		die();
	return true;
}

static bool is_file(int fd)
{
	struct stat st;

	return fd > 2 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_socket(int fd)
{
	struct stat st;

	return fd > 2 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Whether what is sent is the work of a request's life. MQTT's first byte is
 * never 0; Kafka's is the top of a length far below 16 MiB. The second part
 * of a packet that was sent in two looks like anything and counts. */
static bool counts(int fd, const uint8_t *p, size_t len)
{
	int saved = errno;
	bool net = is_socket(fd);

	errno = saved;
	if (!net || len == 0)
		return false;
	if (len >= PEEK && p[0] == 0) {
		int key = p[4] << 8 | p[5];

		/* Produce, OffsetCommit, AddPartitionsToTxn, EndTxn */
		return key == 0 || key == 8 || key == 24 || key == 26;
	}
	return p[0] != 0xc0 && p[0] != 0xe0; /* PINGREQ, DISCONNECT */
}

static size_t gather(uint8_t bytes[PEEK], const struct iovec *iov, int count)
{
	size_t have = 0;

	for (int i = 0; i < count && have < PEEK; i++) {
		size_t n = iov[i].iov_len;

		if (n > PEEK - have)
			n = PEEK - have;
		if (n)
			memcpy(bytes + have, iov[i].iov_base, n);
		have += n;
	}
	return have;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	bool file = is_file(fd), half = false;
	ssize_t done;

	if (file && disk_refuses(disk_grows(fd, -1, len)))
		return -1;
	if (file || counts(fd, bytes, len))
		half = step();
	done = syscall(SYS_write, fd, bytes, half ? len / 2 : len);
	if (half)
		die();
	return done;
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	bool file = is_file(fd), half = false;
	uint8_t peek[PEEK] = {0};
	size_t have = gather(peek, iov, count);
	ssize_t done;

	if (file && disk_refuses(true))
		return -1;
	if (file || counts(fd, peek, have))
		half = step();
	done = half && count > 0 ? syscall(SYS_write, fd, iov[0].iov_base,
					   iov[0].iov_len / 2)
				 : syscall(SYS_writev, fd, iov, count);
	if (half)
		die();
	return done;
}

static ssize_t pwrite_step(int fd, const void *bytes, size_t len, off_t at)
{
	bool half = false;
	ssize_t done;

	if (is_file(fd)) {
		if (disk_refuses(disk_grows(fd, at, len)))
			return -1;
		half = step();
	}
	done = syscall(SYS_pwrite64, fd, bytes, half ? len / 2 : len, at);
	if (half)
		die();
	return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return pwrite_step(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return pwrite_step(fd, bytes, len, at);
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
	bool half;
	ssize_t done;

	disk_stands(STILL_WRITES);
	if (disk_refuses(true))
		return -1;
	half = step();
	done = half && count > 0 ? syscall(SYS_pwrite64, fd, iov[0].iov_base,
					   iov[0].iov_len / 2, at)
				 : syscall(SYS_pwritev, fd, iov, count, at, 0);
	if (half)
		die();
	return done;
}

ssize_t pwritev64(int fd, const struct iovec *iov, int count, off64_t at)
{
	return pwritev(fd, iov, count, at);
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	return sendto(fd, bytes, len, flags, NULL, 0);
}

ssize_t sendto(int fd, const void *bytes, size_t len, int flags,
	       const struct sockaddr *to, socklen_t to_len)
{
	bool half = counts(fd, bytes, len) && step();
	ssize_t done = syscall(SYS_sendto, fd, bytes, half ? len / 2 : len,
			       flags, to, to_len);

	if (half)
		die();
	return done;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	uint8_t peek[PEEK] = {0};
	size_t have = gather(peek, msg->msg_iov, (int)msg->msg_iovlen);
	bool half = counts(fd, peek, have) && step();
	ssize_t done;

	if (half && msg->msg_iovlen > 0) {
		(void)syscall(SYS_sendto, fd, msg->msg_iov[0].iov_base,
			      msg->msg_iov[0].iov_len / 2, flags, NULL, 0);
		die();
	}
	done = syscall(SYS_sendmsg, fd, msg, flags);
	return done;
}

/* For calls that are done or not: half-way means done, then dead. */
#define WHOLE(grows, call)                                                     \
	do {                                                                   \
		bool last;                                                     \
		long done;                                                     \
                                                                               \
		if (disk_refuses(grows))                                       \
			return -1;                                             \
		last = step();                                                 \
		done = (call);                                                 \
		if (last)                                                      \
			die();                                                 \
		return (int)done;                                              \
	} while (0)

int fsync(int fd)
{
	disk_stands(STILL_SYNCS);
	WHOLE(false, syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
	disk_stands(STILL_SYNCS);
	WHOLE(false, syscall(SYS_fdatasync, fd));
}

int ftruncate(int fd, off_t len)
{
	WHOLE(disk_grows(fd, len, 0), syscall(SYS_ftruncate, fd, len));
}

int ftruncate64(int fd, off64_t len)
{
	WHOLE(disk_grows(fd, len, 0), syscall(SYS_ftruncate, fd, len));
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
	WHOLE(true, syscall(SYS_fallocate, fd, mode, at, len));
}

int fallocate64(int fd, int mode, off64_t at, off64_t len)
{
	WHOLE(true, syscall(SYS_fallocate, fd, mode, at, len));
}

/* These two return the error. */
static int reserve(int fd, off_t at, off_t len)
{
	return fallocate(fd, 0, at, len) == 0 ? 0 : errno;
}

int posix_fallocate(int fd, off_t at, off_t len)
{
	return reserve(fd, at, len);
}

int posix_fallocate64(int fd, off64_t at, off64_t len)
{
	return reserve(fd, at, len);
}

int rename(const char *from, const char *to)
{
	WHOLE(true, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink(const char *path)
{
	WHOLE(false, syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}
