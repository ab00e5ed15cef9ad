#include "bridge/core/disk.h"

#include <sys/statvfs.h>

#define LOW_BYTES (8u << 20) /* or 1/20 of a small disk */

bool disk_has_room(const char *directory, bool had_room,
		   struct ztp_error *error)
{
	unsigned long long available, low;
	struct statvfs fs;

	if (statvfs(directory, &fs) != 0)
		return true;
	available = (unsigned long long)fs.f_bavail * fs.f_frsize;
	low = (unsigned long long)fs.f_blocks * fs.f_frsize / 20;
	if (low > LOW_BYTES)
		low = LOW_BYTES;
	if (available >= (had_room ? low : 2 * low) && !(fs.f_flag & ST_RDONLY))
		return true;
	ztp_fail(error, ZTP_ERR_FULL, "%s: %llu bytes left%s", directory,
		 available, fs.f_flag & ST_RDONLY ? ", read-only" : "");
	return false;
}
