/*
 * base/file.h - reads a whole file, up to a limit: a configuration, a secret, a
 * list; and puts on the disk what a file already holds. Blocks; any thread.
 */
#ifndef ZTP_BASE_FILE_H
#define ZTP_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "ztp/error.h"

/* Of a file that a library reads by its name; all CAs of a system have 200 kB.
 */
#define ZTP_LIBRARY_FILE_MAX (4 * 1024 * 1024)

/* Reads at most max bytes and puts a NUL after them. The caller frees *data,
 * and wipes it if it may be a secret; no other copy is left in memory. On
 * failure (ZTP_ERR_IO, ZTP_ERR_TOO_LARGE, ZTP_ERR_NOMEM) *data is NULL and the
 * message names the file. path may be a pipe or a FIFO, whose writer has 5 s. */
int ztp_file_read(char **data, size_t *len, const char *path, size_t max,
		  struct ztp_error *error);

/* The same from a descriptor, which stays open; name is for messages. Waits for
 * its writer without limit. */
int ztp_file_read_fd(char **data, size_t *len, int fd, const char *name,
		     size_t max, struct ztp_error *error);

/* For a file that a library opens by its name: it would wait for ever for a
 * pipe's writer, and read a file of any size. Opens it and reads from it, because
 * opening alone also succeeds for a directory. Messages as above. */
int ztp_file_check(const char *path, size_t max, struct ztp_error *error);

/* Is something else there than a regular file? What is kept in files is opened by
 * calls that would wait for ever for the other end of a FIFO. */
bool ztp_file_is_other(const char *path);

/* A process that was killed may have written what is not on the disk yet: a
 * start that builds on what it reads syncs it first. Syncs the file and its
 * name. 0, also if there is no such file, or -1 with errno. */
int ztp_file_sync(const char *path);
/* A new file name survives a power loss only once its directory is synced. 0,
 * or -1 with errno. */
int ztp_file_sync_name(const char *path);

#endif
