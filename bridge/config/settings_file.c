/* Reads files: the configuration itself and those that settings name. */
#include "bridge/config/settings.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

int setting_slurp(char **content, size_t *len, size_t max, const char *file,
		  struct ztp_error *error)
{
	FILE *in = fopen(file, "re");
	char *text = NULL;
	size_t n = 0;
	int rc = 0;

	if (!in)
		return ztp_fail(error, ZTP_ERR_IO, "cannot open %.120s: %s",
				file, strerror(errno));
	text = malloc(max + 1);
	if (!text) {
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		goto out;
	}
	n = fread(text, 1, max + 1, in);
	if (ferror(in))
		rc = ztp_fail(error, ZTP_ERR_IO, "cannot read %.120s: %s", file,
			      strerror(errno));
	else if (n > max)
		rc = ztp_fail(error, ZTP_ERR_TOO_LARGE,
			      "%.120s is larger than %zu bytes", file, max);
	if (rc < 0)
		goto out;
	text[n] = '\0';
	*content = text;
	*len = n;
	text = NULL;
out:
	if (text)
		OPENSSL_cleanse(text, n);
	free(text);
	(void)fclose(in); /* opened for reading: nothing can be lost */
	return rc;
}

int setting_read_file(char **content, const char *file, struct ztp_error *error)
{
	char *text = NULL;
	size_t n = 0;
	int rc = setting_slurp(&text, &n, CONFIG_SECRET_MAX, file, error);

	if (!text)
		return rc;
	if (strlen(text) != n) {
		OPENSSL_cleanse(text, n);
		free(text);
		return ztp_fail(error, ZTP_ERR_NUL,
				"%.120s contains a NUL byte", file);
	}
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	*content = text;
	return 0;
}

int setting_check_file(const char *file, struct ztp_error *error)
{
	FILE *in = fopen(file, "re");
	bool bad = !in;

	if (in) {
		bad = getc(in) == EOF && ferror(in);
		int saved = errno;
		(void)fclose(in);
		errno = saved;
	}
	if (bad)
		return ztp_fail(error, ZTP_ERR_IO, "cannot read %.120s: %s",
				file, strerror(errno));
	return 0;
}
