/*
 * base/file.h - reads a whole file, up to a limit: a configuration, a secret, a
 * list. Blocks; any thread.
 */
#ifndef ZTP_BASE_FILE_H
#define ZTP_BASE_FILE_H

#include <stddef.h>

#include "ztp/error.h"

/* Reads at most max bytes and puts a NUL after them. The caller frees *data,
 * and wipes it if it may be a secret; no other copy is left in memory. On
 * failure (ZTP_ERR_IO, ZTP_ERR_TOO_LARGE, ZTP_ERR_NOMEM) *data is NULL and the
 * message names the file. path may be a pipe or a FIFO, whose writer has 5 s. */
int ztp_file_read(char **data, size_t *len, const char *path, size_t max,
		  struct ztp_error *error);

#endif
