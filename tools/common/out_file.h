/*
 * tools/common/out_file.h - writes a file that may hold a secret, such as an
 * initialization payload.
 */
#ifndef ZTP_TOOLS_OUT_FILE_H
#define ZTP_TOOLS_OUT_FILE_H

#include <stddef.h>

#include "ztp/error.h"

/* Afterwards only its owner may read the file, whatever the umask and whatever
 * the mode of a file that was there before. A symbolic link to a file, or to
 * nothing, is refused: who can put it there chooses what is overwritten and who
 * reads it. A device or a pipe, such as /dev/stdout, is written to as it is; a
 * pipe needs a reader, and each part of it 5 s at most. On success the file is on
 * the disk. If it cannot be written whole, what was there before stays; where it
 * can only be overwritten, because its directory is not ours, nothing is left. */
int ztp_out_file_write(const char *path, const void *data, size_t len,
		       struct ztp_error *error);

/* Before there is anything to write: is there a directory for it, and none in
 * its place? */
int ztp_out_file_check(const char *path, struct ztp_error *error);

#endif
