/*
 * base/file.h - the whole of a file: configurations, secrets, certificates,
 * lists. Blocks; any thread.
 */
#ifndef ZTP_BASE_FILE_H
#define ZTP_BASE_FILE_H

#include <stddef.h>

#include "ztp/error.h"

/* Reads at most max bytes and puts a NUL after them; the caller frees *data.
 * Nothing is left elsewhere in memory: it may be a secret. ZTP_ERR_IO,
 * ZTP_ERR_TOO_LARGE or ZTP_ERR_NOMEM, and *data is NULL; the message names the
 * file. */
int ztp_file_read(char **data, size_t *len, const char *path, size_t max,
		  struct ztp_error *error);

#endif
