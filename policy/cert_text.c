/*
 * Devices send their certificate in an MQTT username, and brokers differ in
 * which bytes they let through; so line breaks come as they are, as spaces, as
 * the two characters \n, or not at all. What is between the PEM lines is
 * compacted to pure base64 and then decoded without any leniency.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cert_text.h"
#include "ztp/cert.h"

#define LABEL_LINE_MAX 64

/* Bytes of white space, real or written out, at the start of text. */
static size_t space_at(const char *text, size_t len)
{
	if (len > 0 && (text[0] == ' ' || text[0] == '\n' || text[0] == '\r' ||
			text[0] == '\t'))
		return 1;
	if (len > 1 && text[0] == '\\' && (text[1] == 'n' || text[1] == 'r'))
		return 2;
	return 0;
}

static void skip_space(struct ztp_str *text)
{
	size_t n;

	while ((n = space_at(text->p, text->n)) > 0) {
		text->p += n;
		text->n -= n;
	}
}

static bool take_line(struct ztp_str *text, const char *edge, const char *label)
{
	char line[LABEL_LINE_MAX];
	int n = snprintf(line, sizeof line, "-----%s %s-----", edge, label);

	if (n < 0 || (size_t)n >= sizeof line || text->n < (size_t)n ||
	    memcmp(text->p, line, (size_t)n) != 0)
		return false;
	text->p += n;
	text->n -= (size_t)n;
	return true;
}

/* Copies what is neither white space nor '-' to out, which has room. */
static size_t take_body(char *out, struct ztp_str *text)
{
	const char *at = text->p, *end = at + text->n;
	size_t count = 0, n;

	while (at < end && *at != '-') {
		if ((*at > ' ' && *at != '\\') ||
		    (n = space_at(at, (size_t)(end - at))) == 0)
			out[count++] = *at++;
		else
			at += n;
	}
	text->p = at;
	text->n = (size_t)(end - at);
	return count;
}

/* Leaves the base64 digits in out; -1 for text of another shape. */
static long compact(char *out, const char *label, bool bare,
		    struct ztp_str text)
{
	size_t count;
	bool pem;

	skip_space(&text);
	pem = take_line(&text, "BEGIN", label);
	if (!pem && !bare)
		return -1;
	count = take_body(out, &text);
	if (pem && !take_line(&text, "END", label))
		return -1;
	skip_space(&text);
	return text.n == 0 ? (long)count : -1;
}

int ztp_cert_text_decode(uint8_t **der, size_t *der_len, const char *label,
			 bool bare, const char *text, size_t len,
			 struct ztp_error *error)
{
	char base64[ZTP_CERT_TEXT_MAX];
	long count;

	if (len == 0)
		return ztp_fail(error, ZTP_ERR_EMPTY, "no %s", label);
	if (len > ZTP_CERT_TEXT_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"%s longer than %d bytes", label,
				ZTP_CERT_TEXT_MAX);
	count = compact(base64, label, bare, (struct ztp_str){text, len});
	if (count <= 0)
		return ztp_fail(error, ZTP_ERR_CERT,
				"not one PEM %s and nothing else", label);
	*der = malloc((size_t)count);
	if (!*der)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	count = ztp_base64_decode(*der, (size_t)count, base64, (size_t)count);
	if (count <= 0) {
		free(*der);
		*der = NULL;
		return ztp_fail(error, ZTP_ERR_CERT, "%s: bad base64", label);
	}
	*der_len = (size_t)count;
	return 0;
}
