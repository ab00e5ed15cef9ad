/*
 * base/file.h - a whole file, if it is no larger than it may be: a
 * configuration, a secret, a list. Blocks; any thread.
 */
#ifndef ZTP_BASE_FILE_H
#define ZTP_BASE_FILE_H

#include <stddef.h>

#include "ztp/error.h"

/* At most max bytes, with a NUL behind them; the caller frees *data, and wipes
 * it where it may be a secret: no other copy is left in memory. ZTP_ERR_IO,
 * ZTP_ERR_TOO_LARGE or ZTP_ERR_NOMEM, and *data is NULL; the message names the
 * file. path may be a pipe. */
int ztp_file_read(char **data, size_t *len, const char *path, size_t max,
		  struct ztp_error *error);

#endif
