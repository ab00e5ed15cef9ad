/*
 * Names are written as OpenSSL writes them (XN_FLAG_RFC2253). Nearly all names
 * are plain: known attributes, one per RDN, in printable ASCII that needs at
 * most a backslash. These are written here, and test_cert_names.c compares them
 * with OpenSSL's. All other names are left to OpenSSL, which takes ten times as
 * long.
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "policy/cert_names.h"
#include "policy/der.h"
#include "policy/oid.h"

#define PLAIN_MAX      16 /* attributes */
#define ATTRIBUTES_MAX 64 /* of any name; OpenSSL takes 1 us for each */

/* --- plain names */

struct attribute {
	const char *type;
	struct ztp_str value;
};

/* Text that is being written. `at` is beyond the end once it is too long. */
struct text {
	char *out;
	size_t at;
};

static void put(struct text *text, const char *from, size_t n)
{
	if (text->at + n <= ZTP_NAME_MAX)
		memcpy(text->out + text->at, from, n);
	text->at += n;
}

/* RFC 2253 section 2.4, as OpenSSL reads it: for a value of one character the
 * rule for the last character comes before the rule for the first. */
static bool needs_backslash(const struct ztp_str *value, size_t i)
{
	switch (value->p[i]) {
	case ' ':
		return i == 0 || i + 1 == value->n;
	case '#':
		return i == 0 && value->n > 1;
	case ',':
	case '+':
	case '"':
	case '\\':
	case '<':
	case '>':
	case ';':
		return true;
	default:
		return false;
	}
}

static void put_value(struct text *text, const struct ztp_str *value)
{
	for (size_t i = 0; i < value->n; i++) {
		if (needs_backslash(value, i))
			put(text, "\\", 1);
		put(text, value->p + i, 1);
	}
}

bool ztp_text_graphic(struct ztp_str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return false;
	return true;
}

/* String types in which a printable ASCII character is one byte. */
static bool plain_type(uint8_t id)
{
	return id == V_ASN1_UTF8STRING || id == V_ASN1_PRINTABLESTRING ||
	       id == V_ASN1_IA5STRING || id == V_ASN1_T61STRING ||
	       id == V_ASN1_NUMERICSTRING;
}

/* SET OF one SEQUENCE { type, value } */
static bool take_plain(struct ztp_str *rest, struct attribute *attribute)
{
	struct ztp_str set, pair, oid;
	struct ztp_der value;

	if (!ztp_der_take(rest, ZTP_DER_SET, &set) ||
	    !ztp_der_take(&set, ZTP_DER_SEQUENCE, &pair) || set.n != 0 ||
	    !ztp_der_take(&pair, ZTP_DER_OID, &oid) ||
	    !ztp_der_next(&pair, &value) || pair.n != 0)
		return false;
	attribute->type = ztp_oid_attribute(oid);
	attribute->value = value.contents;
	return attribute->type && plain_type(value.id) &&
	       value.contents.n > 0 && ztp_text_graphic(value.contents);
}

/* Writes the last attribute first, as RFC 2253 requires. False when the name is
 * not plain, or so long that it would have to be truncated. */
static bool write_plain(char out[ZTP_NAME_MAX + 1], struct ztp_str rest)
{
	struct attribute attributes[PLAIN_MAX];
	struct text text = {out, 0};
	size_t count = 0;

	for (; rest.n > 0; count++)
		if (count == PLAIN_MAX ||
		    !take_plain(&rest, &attributes[count]))
			return false;
	while (count-- > 0) {
		put(&text, attributes[count].type,
		    strlen(attributes[count].type));
		put(&text, "=", 1);
		put_value(&text, &attributes[count].value);
		if (count > 0)
			put(&text, ",", 1);
	}
	if (text.at > ZTP_NAME_MAX)
		return false;
	out[text.at] = '\0';
	return true;
}

/* --- all others */

/* Bytes per character of a string type; 0 for UTF-8, -1 if it is not a string
 * type. */
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

/* True when the string has only whole characters, none of them NUL, and only
 * ASCII if its type is a subset of ASCII. T.61 has eight bits. */
static bool string_clean(const ASN1_STRING *string)
{
	const uint8_t *text = ASN1_STRING_get0_data(string);
	int len = ASN1_STRING_length(string);
	int type = ASN1_STRING_type(string);
	int width = char_width(type);
	uint8_t limit = type == V_ASN1_T61STRING ? 0xff : 0x7f;

	if (width < 0)
		return true; /* OpenSSL writes it as #hex */
	if (width == 0)
		return ztp_utf8_valid((const char *)text, (size_t)len);
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

/* The length of the character at text: a plain byte, a backslash and a byte, or
 * the \XX escapes of one UTF-8 character. */
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

/* How much of a name fits into max bytes without cutting through a character,
 * an escape, or a byte of a value in hex. A value may contain '=', but ',' and
 * '+' only with a backslash. */
static size_t name_fit(const char *text, size_t len, size_t max)
{
	size_t at = 0;
	bool in_type = true, value_starts = false, hex = false;

	while (at < len) {
		char c = text[at];
		size_t n = escaped_char(text + at, len - at);

		if (value_starts && c == '#') {
			hex = true;
		} else if (c == ',' || c == '+') {
			in_type = true;
			hex = false;
		} else if (hex) {
			n = 2;
		}
		value_starts = in_type && c == '=';
		in_type = in_type && !value_starts;
		if (n > max - at)
			break;
		at += n;
	}
	return at < len ? at : len;
}

static int print_name(char out[ZTP_NAME_MAX + 1], BIO *bio,
		      const X509_NAME *name, const char *what,
		      struct ztp_error *error)
{
	char *text = NULL;
	long len;
	size_t fit;

	if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0)
		return ztp_fail(error, ZTP_ERR_CERT, "%s is not a valid name",
				what);
	len = BIO_get_mem_data(bio, &text);
	if (len < 0 || !ztp_text_graphic((struct ztp_str){text, (size_t)len}))
		return ztp_fail(error, ZTP_ERR_CERT, "%s is not text", what);
	fit = name_fit(text, (size_t)len, ZTP_NAME_MAX);
	if (fit > 0)
		memcpy(out, text, fit);
	out[fit] = '\0';
	return 0;
}

/* A stranger's certificate is read before anything of it is proven. */
static bool is_small(struct ztp_str rest)
{
	struct ztp_str set;
	struct ztp_der pair;
	size_t count = 0;

	while (rest.n > 0 && ztp_der_take(&rest, ZTP_DER_SET, &set))
		while (ztp_der_next(&set, &pair))
			if (++count > ATTRIBUTES_MAX)
				return false;
	return true;
}

bool ztp_name_read(struct ztp_name *name, char out[ZTP_NAME_MAX + 1],
		   struct ztp_str der)
{
	const uint8_t *at = (const uint8_t *)der.p;
	struct ztp_str whole = der, contents;

	name->parsed = NULL;
	name->too_many = false;
	if (!ztp_der_take(&whole, ZTP_DER_SEQUENCE, &contents))
		return false;
	name->empty = contents.n == 0;
	if (write_plain(out, contents))
		return true;
	name->too_many = !is_small(contents);
	if (name->too_many)
		return true;
	name->parsed = d2i_X509_NAME(NULL, &at, (long)der.n);
	name->empty = X509_NAME_entry_count(name->parsed) == 0;
	return name->parsed;
}

int ztp_name_text(char out[ZTP_NAME_MAX + 1], const struct ztp_name *name,
		  const char *what, struct ztp_error *error)
{
	BIO *bio;
	int rc;

	if (name->too_many)
		return ztp_fail(error, ZTP_ERR_CERT,
				"%s has more than %d attributes", what,
				ATTRIBUTES_MAX);
	if (!name->parsed)
		return 0;
	if (!name_clean(name->parsed))
		return ztp_fail(error, ZTP_ERR_CERT,
				"%s contains a NUL or an invalid character",
				what);
	bio = BIO_new(BIO_s_mem());
	if (!bio)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = print_name(out, bio, name->parsed, what, error);
	BIO_free(bio);
	return rc;
}

void ztp_name_clear(struct ztp_name *name)
{
	X509_NAME_free(name->parsed);
	name->parsed = NULL;
}
