#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cert_names.h"
#include "policy/der.h"

/* Bytes per character in a string type; 0 for UTF-8, -1 for no string. */
static int char_width(int type)
{
	switch (type) {
	case V_ASN1_UTF8STRING:
		return 0;
	case V_ASN1_BMPSTRING:
		return 2;
	case V_ASN1_UNIVERSALSTRING:
		return 4;
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_IA5STRING:
	case V_ASN1_NUMERICSTRING:
	case V_ASN1_VISIBLESTRING:
	case V_ASN1_T61STRING:
		return 1;
	default:
		return -1;
	}
}

static bool utf8_text(const char *text, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = ztp_utf8_char(text + i, len - i);
		if (n == 0 || text[i] == '\0')
			return false;
	}
	return true;
}

/* Whole characters, none of them NUL, and where the type is a part of ASCII,
 * none beyond it. T.61 has eight bits. */
static bool string_clean(const ASN1_STRING *string)
{
	const uint8_t *text = ASN1_STRING_get0_data(string);
	int len = ASN1_STRING_length(string);
	int type = ASN1_STRING_type(string);
	int width = char_width(type);
	uint8_t limit = type == V_ASN1_T61STRING ? 0xff : 0x7f;

	if (width < 0)
		return true; /* will be written as #hex */
	if (width == 0)
		return utf8_text((const char *)text, (size_t)len);
	if (len % width != 0)
		return false;
	for (int i = 0; i < len; i += width) {
		if (memcmp(text + i, "\0\0\0\0", (size_t)width) == 0)
			return false;
		if (width == 1 && text[i] > limit)
			return false;
	}
	return true;
}

static bool name_clean(const X509_NAME *name)
{
	int count = X509_NAME_entry_count(name);

	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

		if (!string_clean(X509_NAME_ENTRY_get_data(entry)))
			return false;
	}
	return true;
}

static int hex_pair(const char *text, size_t len)
{
	uint8_t byte;

	return len >= 2 && ztp_hex_decode(&byte, 1, text, 2) ? byte : -1;
}

/* Length of the character at text: a plain byte, a backslash and a byte, or
 * as many \XX as make one UTF-8 character. */
static size_t escaped_char(const char *text, size_t len)
{
	int lead, tail;

	if (text[0] != '\\' || len < 2)
		return 1;
	lead = hex_pair(text + 1, len - 1);
	if (lead < 0)
		return 2;
	tail = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	return 3 * (size_t)(tail + 1);
}

/* How much of a name fits; never half a character, half an escape, or half a
 * byte of a value in hex. */
static size_t name_fit(const char *text, size_t len, size_t max)
{
	size_t at = 0;
	bool value_starts = false, hex = false;

	while (at < len) {
		char c = text[at];
		size_t n = escaped_char(text + at, len - at);

		if (value_starts && c == '#')
			hex = true;
		else if (c == ',' || c == '+')
			hex = false;
		else if (hex)
			n = 2;
		value_starts = c == '=';
		if (n > max - at)
			break;
		at += n;
	}
	return at < len ? at : len;
}

static bool all_graphic(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

int ztp_cert_name(char out[ZTP_NAME_MAX + 1], const X509_NAME *name,
		  const char *what, struct ztp_error *error)
{
	BIO *bio = NULL;
	char *text = NULL;
	long len;
	int rc = 0;

	if (!name_clean(name))
		return ztp_fail(error, ZTP_ERR_CERT,
				"%s holds a NUL or a bad character", what);
	bio = BIO_new(BIO_s_mem());
	if (!bio)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0) {
		rc = ztp_fail(error, ZTP_ERR_CERT, "%s is no name", what);
		goto out;
	}
	len = BIO_get_mem_data(bio, &text);
	if (len < 0 || !all_graphic(text, (size_t)len)) {
		rc = ztp_fail(error, ZTP_ERR_CERT, "%s is no text", what);
		goto out;
	}
	len = (long)name_fit(text, (size_t)len, ZTP_NAME_MAX);
	if (len > 0)
		memcpy(out, text, (size_t)len);
	out[len] = '\0';
out:
	BIO_free(bio);
	return rc;
}

/* The entry as text to be freed, NULL without memory. */
static char *prefixed(const char *prefix, const char *text, size_t len)
{
	size_t cap = strlen(prefix) + len + 1;
	char *out = malloc(cap);

	if (out)
		snprintf(out, cap, "%s%.*s", prefix, (int)len, text);
	return out;
}

static int add_name(struct ztp_cert *cert, const char *prefix, const char *text,
		    size_t len, struct ztp_error *error)
{
	char *entry;

	if (cert->san_count == ZTP_SAN_MAX)
		return ztp_fail(error, ZTP_ERR_CERT,
				"more than %d alternative names", ZTP_SAN_MAX);
	entry = prefixed(prefix, text, len);
	if (!entry)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	cert->san[cert->san_count++] = entry;
	return 0;
}

static int add_text(struct ztp_cert *cert, const char *prefix,
		    const ASN1_STRING *string, struct ztp_error *error)
{
	const char *text = (const char *)ASN1_STRING_get0_data(string);
	size_t len = (size_t)ASN1_STRING_length(string);

	if (len == 0 || !all_graphic(text, len))
		return ztp_fail(error, ZTP_ERR_CERT,
				"alternative name is empty or holds a NUL or "
				"another character that is no text");
	return add_name(cert, prefix, text, len, error);
}

static int add_address(struct ztp_cert *cert, const ASN1_STRING *string,
		       struct ztp_error *error)
{
	int len = ASN1_STRING_length(string);
	int family = len == 4 ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN];

	if ((len != 4 && len != 16) ||
	    !inet_ntop(family, ASN1_STRING_get0_data(string), text,
		       sizeof text))
		return ztp_fail(error, ZTP_ERR_CERT,
				"alternative name is no IP address");
	return add_name(cert, "IP:", text, strlen(text), error);
}

static int add_general(struct ztp_cert *cert, const GENERAL_NAME *general,
		       struct ztp_error *error)
{
	switch (general->type) {
	case GEN_DNS:
		return add_text(cert, "DNS:", general->d.dNSName, error);
	case GEN_URI:
		return add_text(cert,
				"URI:", general->d.uniformResourceIdentifier,
				error);
	case GEN_EMAIL:
		return add_text(cert, "email:", general->d.rfc822Name, error);
	case GEN_IPADD:
		return add_address(cert, general->d.iPAddress, error);
	default:
		return 0; /* has no place in a request record */
	}
}

int ztp_cert_alt_names(struct ztp_cert *cert, const uint8_t *der, size_t len,
		       struct ztp_error *error)
{
	GENERAL_NAMES *names = NULL;
	int rc = 0;

	if (ztp_der_strict(der, len))
		names = d2i_GENERAL_NAMES(NULL, &der, (long)len);
	if (!names || sk_GENERAL_NAME_num(names) == 0) {
		rc = ztp_fail(error, ZTP_ERR_CERT,
			      "alternative names cannot be read");
		goto out;
	}
	cert->san = calloc(ZTP_SAN_MAX, sizeof *cert->san);
	if (!cert->san) {
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		goto out;
	}
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && rc == 0; i++)
		rc = add_general(cert, sk_GENERAL_NAME_value(names, i), error);
out:
	GENERAL_NAMES_free(names);
	return rc;
}
