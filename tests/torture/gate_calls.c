/*
 * Calls of the gate that fail: SQLite's system calls by its own interface for
 * that, the gate's own ones, and those to the broker. SQLite calls fsync and
 * fdatasync directly; the program's functions come before the C library's.
 */
#include "tests/torture/gate_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gate/broker_api.h"
#include "tests/torture/fail.h"

/* --- SQLite's, by name; the real ones */

static ssize_t (*real_pread)(int fd, void *to, size_t n, off_t at);
static ssize_t (*real_pwrite)(int fd, const void *bytes, size_t n, off_t at);
static int (*real_open)(const char *name, int flags, int mode);
static int (*real_ftruncate)(int fd, off_t size);
static int (*real_unlink)(const char *name);
static int (*real_fstat)(int fd, struct stat *st);

static ssize_t sqlite_pread(int fd, void *to, size_t n, off_t at)
{
	if (!FAILS(FAIL_READ))
		return real_pread(fd, to, n, at);
	errno = EIO;
	return -1;
}

static ssize_t sqlite_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (!FAILS(FAIL_WRITE))
		return real_pwrite(fd, bytes, n, at);
	if (fail.seen[FAIL_WRITE] % 2 == 0)
		(void)real_pwrite(fd, bytes, n / 2, at);
	errno = fail.seen[FAIL_WRITE] % 3 == 0 ? ENOSPC : EIO;
	return -1;
}

static int sqlite_open(const char *name, int flags, int mode)
{
	if (!FAILS(FAIL_FILE))
		return real_open(name, flags, mode);
	errno = EMFILE;
	return -1;
}

static int sqlite_ftruncate(int fd, off_t size)
{
	if (!FAILS(FAIL_WRITE))
		return real_ftruncate(fd, size);
	errno = EIO;
	return -1;
}

static int sqlite_unlink(const char *name)
{
	if (!FAILS(FAIL_FILE))
		return real_unlink(name);
	errno = EIO;
	return -1;
}

static int sqlite_fstat(int fd, struct stat *st)
{
	if (!FAILS(FAIL_FILE))
		return real_fstat(fd, st);
	errno = EIO;
	return -1;
}

/* Stores the real function in *real. False: this SQLite has none. */
static bool replace(sqlite3_vfs *vfs, const char *name, void *real, void *ours)
{
	sqlite3_syscall_ptr old = vfs->xGetSystemCall(vfs, name), new;

	if (!old)
		return false;
	memcpy(real, &old, sizeof(old));
	memcpy(&new, &ours, sizeof(new));
	return vfs->xSetSystemCall(vfs, name, new) == SQLITE_OK;
}

void gate_calls_begin(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");

	if (!vfs ||
	    !(replace(vfs, "pread64", &real_pread, (void *)sqlite_pread) ||
	      replace(vfs, "pread", &real_pread, (void *)sqlite_pread)) ||
	    !(replace(vfs, "pwrite64", &real_pwrite, (void *)sqlite_pwrite) ||
	      replace(vfs, "pwrite", &real_pwrite, (void *)sqlite_pwrite)) ||
	    !replace(vfs, "open", &real_open, (void *)sqlite_open) ||
	    !replace(vfs, "ftruncate", &real_ftruncate,
		     (void *)sqlite_ftruncate) ||
	    !replace(vfs, "unlink", &real_unlink, (void *)sqlite_unlink) ||
	    !replace(vfs, "fstat", &real_fstat, (void *)sqlite_fstat)) {
		fprintf(stderr, "torture: cannot replace SQLite's calls\n");
		exit(2);
	}
}

static int sync_by(long number, int fd)
{
	if (!FAILS(FAIL_SYNC))
		return (int)syscall(number, fd);
	errno = EIO;
	return -1;
}

int fsync(int fd)
{
	return sync_by(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return sync_by(SYS_fdatasync, fd);
}

/* --- the gate's own */

#define WRAP(type, name, parameters, arguments, kind, failure, code)           \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		if (!FAILS(kind))                                              \
			return __real_##name arguments;                        \
		errno = code;                                                  \
		return failure;                                                \
	}

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, int mode);
int __wrap_open(const char *name, int flags, int mode)
{
	if (!FAILS(FAIL_FILE))
		return __real_open(name, flags, mode);
	errno = EMFILE;
	return -1;
}

WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), FAIL_FILE, -1, EPERM)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), FAIL_FILE, -1, EIO)
WRAP(int, stat, (const char *name, struct stat *st), (name, st), FAIL_FILE, -1,
     EIO)
WRAP(ssize_t, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags),
     FAIL_SYSTEM, -1, EINTR)

/* --- the clock */

static int64_t passed_ms;

void gate_calls_pass(int64_t ms)
{
	passed_ms += ms;
}

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = __real_clock_gettime(id, ts);

	if (rc == 0 && id != CLOCK_REALTIME) {
		int64_t ms = ts->tv_nsec / 1000000 + passed_ms;

		ts->tv_sec += (time_t)(ms / 1000);
		ts->tv_nsec = (long)(ms % 1000) * 1000000;
	}
	return rc;
}

/* --- the broker's: without memory for what it is asked */

WRAP(int, mosquitto_callback_register,
     (mosquitto_plugin_id_t * id, int event,
      MOSQ_FUNC_generic_callback callback, const void *data, void *userdata),
     (id, event, callback, data, userdata), FAIL_SEND, MOSQ_ERR_NOMEM, ENOMEM)
WRAP(int, mosquitto_set_username,
     (struct mosquitto * client, const char *username), (client, username),
     FAIL_SEND, MOSQ_ERR_NOMEM, ENOMEM)
WRAP(int, mosquitto_broker_publish_copy,
     (const char *client_id, const char *topic, int len, const void *payload,
      int qos, bool retain, mosquitto_property *properties),
     (client_id, topic, len, payload, qos, retain, properties), FAIL_SEND,
     MOSQ_ERR_NOMEM, ENOMEM)
WRAP(int, mosquitto_property_add_string,
     (mosquitto_property * *list, int id, const char *value), (list, id, value),
     FAIL_SEND, MOSQ_ERR_NOMEM, ENOMEM)
