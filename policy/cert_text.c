/*
 * Devices send their certificate in an MQTT username, and brokers differ in
 * which bytes they let through. So line breaks arrive as they are, as spaces,
 * as the two characters \n, or not at all. The base64 between the PEM lines is
 * decoded in one pass, line by line where a line is whole groups of four.
 * Nothing but these line breaks is tolerated.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/base64.h"
#include "policy/cert_text.h"
#include "ztp/cert.h"

/* The base64 being decoded. */
struct body {
	uint8_t *out;
	size_t len;    /* bytes */
	size_t digits; /* characters other than white space */
	char group[4]; /* an incomplete group of four */
	size_t fill;
	bool padded, bad;
};

/* The length of the white space at the start of text, real or written as \n. */
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
	struct ztp_str rest = *text;

	if (!ztp_str_take(&rest, edge) || !ztp_str_take(&rest, label) ||
	    !ztp_str_take(&rest, "-----"))
		return false;
	*text = rest;
	return true;
}

static void take_digit(struct body *body, char digit)
{
	long n;

	body->digits++;
	body->group[body->fill++] = digit;
	if (body->fill < sizeof body->group)
		return;
	body->fill = 0;
	n = ztp_base64_decode(body->out + body->len, 3, body->group,
			      sizeof body->group);
	if (n < 1 || body->padded) {
		body->bad = true;
		return;
	}
	body->len += (size_t)n;
	body->padded = n < 3;
}

/* Decodes up to the next '-' or the end. */
static void take_body(struct body *body, struct ztp_str *text)
{
	const char *at = text->p, *end = at + text->n;
	size_t n;

	while (at < end && *at != '-') {
		n = body->fill || body->padded || body->bad
			    ? 0
			    : ztp_base64_groups(body->out + body->len, at,
						(size_t)(end - at));
		body->digits += n;
		body->len += n / 4 * 3;
		at += n;
		if (n > 0)
			continue;
		n = space_at(at, (size_t)(end - at));
		if (n == 0)
			take_digit(body, *at++);
		at += n;
	}
	text->p = at;
	text->n = (size_t)(end - at);
}

/* False when the text does not have this form. body->out has room for all of
 * it. */
static bool take_all(struct body *body, const char *label, bool bare,
		     struct ztp_str text)
{
	bool pem;

	skip_space(&text);
	pem = take_line(&text, "-----BEGIN ", label);
	if (!pem && !bare)
		return false;
	take_body(body, &text);
	if (pem && !take_line(&text, "-----END ", label))
		return false;
	skip_space(&text);
	return text.n == 0 && body->digits > 0;
}

int ztp_cert_text_decode(uint8_t **der, size_t *der_len, const char *label,
			 bool bare, const char *text, size_t len,
			 struct ztp_error *error)
{
	struct body body = {.out = NULL};
	int rc;

	if (len == 0)
		return ztp_fail(error, ZTP_ERR_EMPTY, "no %s", label);
	if (len > ZTP_CERT_TEXT_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"%s longer than %d bytes", label,
				ZTP_CERT_TEXT_MAX);
	body.out = malloc(len / 4 * 3 + 3);
	if (!body.out)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (!take_all(&body, label, bare, (struct ztp_str){text, len})) {
		rc = ztp_fail(error, ZTP_ERR_CERT,
			      "not one PEM %s and nothing else", label);
		goto refused;
	}
	if (body.bad || body.fill > 0) {
		rc = ztp_fail(error, ZTP_ERR_CERT, "%s: bad base64", label);
		goto refused;
	}
	*der = body.out;
	*der_len = body.len;
	return 0;
refused:
	free(body.out);
	return rc;
}
