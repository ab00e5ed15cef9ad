/*
 * tests/sim/disk.h - the played disk: files below SIM_DIR, in memory, with
 * what was written apart from what was synced. They outlive the bridge.
 *
 * A process that is killed loses nothing that a write took, but the write that
 * it was in may be there in part. Power that is lost takes with it what was
 * not synced, page by page: each is as it was before or as it was written, or
 * torn at a sector; a file whose name was never synced may be gone. What is
 * assumed beyond POSIX is what ext4 and XFS do: fsync of a new file makes its
 * name durable, too.
 */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SIM_DIR "/sim/"

struct file;

/* -1 and errno, as the system calls. */
struct file *disk_open(const char *name, bool create, bool exclusive);
struct file *disk_find(const char *name);
ssize_t disk_read(const struct file *file, void *to, size_t n, int64_t at);
ssize_t disk_write(struct file *file, const void *bytes, size_t n, int64_t at);
int disk_grow(struct file *file, int64_t size); /* reserved: posix_fallocate */
int disk_truncate(struct file *file, int64_t size);
int disk_sync(struct file *file);
int disk_unlink(const char *name);
int64_t disk_size(const struct file *file);
/* The n-th file's name, or NULL. */
const char *disk_name(int n);
bool disk_is_full(void); /* this process's */

/* flock(2): of one process at a time. */
void disk_release_locks(void);
bool disk_lock(struct file *file);
void disk_unlock(struct file *file);

/* What goes wrong. Each lasts for a while, or until calm. */
/* of: the bridge whose disk it is; a single one's is 0. */
void disk_fill(int of, bool full);
void disk_fail(int of, bool failing);
void disk_slow(int of, bool slow);
void disk_lose_power(void); /* of this process, and: all its files */
void disk_wipe(void);

#endif
