#include "base/file.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 4096

static void wipe(char *text, size_t n)
{
	if (text)
		OPENSSL_cleanse(text, n);
	free(text);
}

/* Not realloc, which would leave a copy behind. */
static char *grown(char *text, size_t used, size_t size)
{
	char *larger = malloc(size + 1);

	if (larger && used > 0)
		memcpy(larger, text, used);
	wipe(text, used);
	return larger;
}

/* Reads to the end or to one byte past max, whichever comes first; NULL when
 * memory runs out. */
static char *slurp(FILE *file, size_t *len, size_t max)
{
	size_t size = 0, used = 0;
	char *text = NULL;

	do {
		size = size ? 2 * size : FIRST_SIZE;
		if (size > max + 1)
			size = max + 1;
		text = grown(text, used, size);
		if (!text)
			return NULL;
		used += fread(text + used, 1, size - used, file);
	} while (used == size && used <= max);
	text[used] = '\0';
	*len = used;
	return text;
}

int ztp_file_read(char **data, size_t *len, const char *path, size_t max,
		  struct ztp_error *error)
{
	FILE *file = fopen(path, "rbe");
	int rc = 0;

	*data = NULL;
	if (!file)
		return ztp_fail(error, ZTP_ERR_IO, "cannot read %.120s: %s",
				path, strerror(errno));
	errno = 0;
	*data = slurp(file, len, max);
	if (!*data)
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "%.120s: out of memory",
			      path);
	else if (ferror(file))
		rc = ztp_fail(error, ZTP_ERR_IO, "cannot read %.120s: %s", path,
			      strerror(errno));
	else if (*len > max)
		rc = ztp_fail(error, ZTP_ERR_TOO_LARGE,
			      "%.120s is larger than %zu bytes", path, max);
	if (rc && *data) {
		wipe(*data, *len);
		*data = NULL;
	}
	(void)fclose(file); /* read only: nothing can be lost */
	return rc;
}
