#include "ztp/fingerprint.h"

#include <string.h>
#include <strings.h>

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

/* What is behind the name of a form that has it in brackets, or NULL. */
static const char *skip_tag(struct ztp_str line)
{
	static const char *const tags[] = {"SHA256 (", "SHA256(", "SHA2-256 (",
					   "SHA2-256("};
	size_t skip = line.n > 0 && line.p[0] == '\\';

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		size_t n = strlen(tags[i]);

		if (line.n - skip >= n &&
		    strncasecmp(line.p + skip, tags[i], n) == 0)
			return line.p + skip + n;
	}
	return NULL;
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* Is this bracket the one that closes the name? A fingerprint follows, and then
 * nothing but a comment. */
static bool take_after_name(uint8_t out[ZTP_SHA256_LEN], const char *bracket,
			    const char *end)
{
	const char *at = skip_blanks(bracket + 1, end);
	size_t n = 0;

	if (at < end && *at == '=') {
		at = skip_blanks(at + 1, end);
		n = take(out, at, (size_t)(end - at));
	}
	at = skip_blanks(at + n, end);
	return n > 0 && (at == end || *at == '#');
}

/* A name in brackets may have a # in it. If there are two places where it may
 * end, one of them is in a comment, or in the name, and nobody can tell. */
static bool take_tagged(uint8_t out[ZTP_SHA256_LEN], struct ztp_str line)
{
	const char *end = line.p + line.n, *at = skip_tag(line);
	uint8_t one[ZTP_SHA256_LEN];
	int found = 0;

	for (; at && (at = memchr(at, ')', (size_t)(end - at))); at++) {
		if (!take_after_name(one, at, end))
			continue;
		memcpy(out, one, sizeof(one));
		found++;
	}
	return found == 1;
}

int ztp_fingerprint_line(uint8_t out[ZTP_SHA256_LEN], const char *line,
			 size_t len, struct ztp_error *error)
{
	struct ztp_str whole = ztp_str_trim((struct ztp_str){line, len});
	struct ztp_str text = whole;
	const char *comment = memchr(whole.p, '#', whole.n);

	if (comment)
		text.n = (size_t)(comment - whole.p);
	text = ztp_str_trim(text);
	if (text.n == 0)
		return 0;
	if (take_first(out, text) || take_after_equals(out, text) ||
	    take_tagged(out, whole))
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
