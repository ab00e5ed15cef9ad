/* Reads and checks the files that settings name. */
#include "bridge/config/settings.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

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
	if (n > 0 && text[n - 1] == '\n') {
		text[--n] = '\0';
		if (n > 0 && text[n - 1] == '\r')
			text[n - 1] = '\0';
	}
	*content = text;
	return 0;
}
