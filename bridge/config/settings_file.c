/* Reads and checks the files that settings name. */
#include "bridge/config/settings.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

int setting_read_file(char **content, const char *file, struct ztp_error *error)
{
	char *text = NULL;
	size_t n = 0;
	int rc = ztp_file_read(&text, &n, file, CONFIG_SECRET_MAX, error);

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

/* Opening a pipe would wait for somebody who writes. */
int setting_check_file(const char *file, struct ztp_error *error)
{
	struct stat st;
	FILE *in = NULL;
	bool bad;

	if (stat(file, &st) == 0 && S_ISFIFO(st.st_mode))
		return ztp_fail(error, ZTP_ERR_IO, "%.120s is a pipe", file);
	in = fopen(file, "re");
	bad = !in;
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
