#include "tools/ztpctl/fingerprint.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_tree.h"
#include "tools/common/cert_file.h"
#include "ztp/cert.h"
#include "ztp/member.h"

#define PREFIX_MIN 4 /* hex digits */
#define HEX_LEN	   (2 * ZTP_SHA256_LEN)

/* Hex digits of either case and colons, in lower case without colons. */
static bool read_prefix(char out[HEX_LEN + 1], const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ':')
			continue;
		if (!isxdigit((unsigned char)*text) || n == HEX_LEN)
			return false;
		out[n++] = (char)tolower((unsigned char)*text);
	}
	out[n] = '\0';
	return n >= PREFIX_MIN;
}

/* How many different CAs begin so; *found is one of them. */
static int count_matches(const cJSON *cas, const char *prefix,
			 const char **found)
{
	const cJSON *ca;
	int count = 0;

	cJSON_ArrayForEach (ca, cas) {
		const char *one = ztp_tree_text(ca, ZTP_M_FINGERPRINT);

		if (strncmp(one, prefix, strlen(prefix)) != 0 ||
		    (count > 0 && strcmp(one, *found) == 0))
			continue;
		*found = one;
		count++;
	}
	return count;
}

static int from_file(uint8_t out[ZTP_SHA256_LEN], const char *path,
		     struct ztp_error *error)
{
	struct ztp_cert cert;
	char *pem = NULL;
	int rc = ztp_cert_file_first(&pem, path, error);

	if (rc == 0)
		rc = ztp_cert_parse(&cert, pem, strlen(pem), error);
	if (rc == 0) {
		memcpy(out, cert.fingerprint, ZTP_SHA256_LEN);
		ztp_cert_clear(&cert);
	}
	free(pem);
	return rc;
}

static int from_other(uint8_t out[ZTP_SHA256_LEN], const char *text,
		      struct ztp_error *error)
{
	if (access(text, F_OK) == 0)
		return from_file(out, text, error);
	return ztp_fail(error, ZTP_ERR_VALUE,
			"%.100s is neither a CA's fingerprint (64 hex digits, "
			"or the first %d or more of one that is listed) nor a "
			"file",
			text, PREFIX_MIN);
}

int ztp_ctl_check_ca(const char *text, struct ztp_error *error)
{
	char prefix[HEX_LEN + 1];
	uint8_t digest[ZTP_SHA256_LEN];

	if (ztp_fingerprint_line(digest, text, strlen(text), NULL) == 1 ||
	    read_prefix(prefix, text))
		return 0;
	return from_other(digest, text, error);
}

int ztp_ctl_which_ca(uint8_t out[ZTP_SHA256_LEN], const char *text,
		     const cJSON *cas, struct ztp_error *error)
{
	char prefix[HEX_LEN + 1];
	const char *found = NULL;
	int count = 0;

	if (ztp_fingerprint_line(out, text, strlen(text), NULL) == 1)
		return 0;
	if (read_prefix(prefix, text))
		count = count_matches(cas, prefix, &found);
	if (count == 1 && ztp_fingerprint_parse(out, found, strlen(found)))
		return 0;
	if (count > 1)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%d CAs begin with %s: give more digits", count,
				prefix);
	return from_other(out, text, error);
}
