#include "ztp/fingerprint.h"

#include <string.h>

#include "ztp/text.h"

/* Returns how many bytes a fingerprint at the beginning of text has, or 0. */
static size_t take(uint8_t out[ZTP_SHA256_LEN], const char *text, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < ZTP_SHA256_LEN; i++) {
		if (i > 0 && at < len && text[at] == ':')
			at++;
		if (len - at < 2 || !ztp_hex_decode(&out[i], 1, text + at, 2))
			return 0;
		at += 2;
	}
	return at;
}

bool ztp_fingerprint_parse(uint8_t out[ZTP_SHA256_LEN], const char *text,
			   size_t len)
{
	return len > 0 && take(out, text, len) == len;
}

/* A fingerprint that a blank or the end follows. */
static bool take_word(uint8_t out[ZTP_SHA256_LEN], const char *text, size_t len)
{
	size_t n = take(out, text, len);

	return n > 0 && (n == len || text[n] == ' ' || text[n] == '\t');
}

/* sha256sum writes a backslash in front if it had to escape the name. */
static bool take_first(uint8_t out[ZTP_SHA256_LEN], struct ztp_str line)
{
	size_t skip = line.p[0] == '\\';

	return take_word(out, line.p + skip, line.n - skip);
}

static bool take_after_equals(uint8_t out[ZTP_SHA256_LEN], struct ztp_str line)
{
	const char *end = line.p + line.n, *at = line.p;

	while ((at = memchr(at, '=', (size_t)(end - at)))) {
		for (at++; at < end && (*at == ' ' || *at == '\t'); at++)
			;
		if (take_word(out, at, (size_t)(end - at)))
			return true;
	}
	return false;
}

int ztp_fingerprint_line(uint8_t out[ZTP_SHA256_LEN], const char *line,
			 size_t len, struct ztp_error *error)
{
	const char *comment = memchr(line, '#', len);
	struct ztp_str text = {line, len};

	if (comment)
		text.n = (size_t)(comment - line);
	text = ztp_str_trim(text);
	if (text.n == 0)
		return 0;
	if (take_first(out, text) || take_after_equals(out, text))
		return 1;
	return ztp_fail(error, ZTP_ERR_VALUE,
			"not a SHA-256 fingerprint: 64 hex digits, alone or as "
			"sha256sum or openssl writes them");
}

size_t ztp_bom_len(const char *text, size_t len)
{
	static const char bom[] = "\xef\xbb\xbf";
	const size_t n = sizeof(bom) - 1;

	return len >= n && memcmp(text, bom, n) == 0 ? n : 0;
}
