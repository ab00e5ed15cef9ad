#include "base/kafka_files.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define CAS ".ca.location"

static bool ends_with(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(name + len - n, end, n) == 0;
}

/* By its end, so that a later librdkafka's are known as well. An engine is
 * code, which the loader opens. */
static bool names_file(const char *name, size_t len)
{
	return ends_with(name, len, ".file") ||
	       (ends_with(name, len, ".location") &&
		!ends_with(name, len, ".engine.location"));
}

int ztp_kafka_file_check(const char *name, size_t len, const char *value,
			 struct ztp_error *error)
{
	struct stat st;

	if (*value == '\0' || !names_file(name, len))
		return 0;
	/* These may be the system's, or a directory of them. */
	if (ends_with(name, len, CAS) &&
	    (strcmp(value, "probe") == 0 ||
	     (stat(value, &st) == 0 && S_ISDIR(st.st_mode))))
		return 0;
	return ztp_file_check(value, ZTP_LIBRARY_FILE_MAX, error);
}
