#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cert_names.h"
#include "policy/cert_san.h"
#include "policy/der.h"

/* GeneralName ::= CHOICE. These four are strings behind implicit tags. */
#define EMAIL	(ZTP_DER_CONTEXT | 1)
#define DNS	(ZTP_DER_CONTEXT | 2)
#define URI	(ZTP_DER_CONTEXT | 6)
#define ADDRESS (ZTP_DER_CONTEXT | 7)

/* The entry as text, which the caller frees; NULL when out of memory. */
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
		    struct ztp_str text, struct ztp_error *error)
{
	if (text.n == 0 || !ztp_text_graphic(text))
		return ztp_fail(
			error, ZTP_ERR_CERT,
			"an alternative name is empty or contains a NUL or "
			"a character that is not printable ASCII");
	return add_name(cert, prefix, text.p, text.n, error);
}

static int add_address(struct ztp_cert *cert, struct ztp_str bytes,
		       struct ztp_error *error)
{
	int family = bytes.n == 4 ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN];

	if ((bytes.n != 4 && bytes.n != 16) ||
	    !inet_ntop(family, bytes.p, text, sizeof text))
		return ztp_fail(error, ZTP_ERR_CERT,
				"an alternative name is not an IP address");
	return add_name(cert, "IP:", text, strlen(text), error);
}

static int add_general(struct ztp_cert *cert, const struct ztp_der *general,
		       struct ztp_error *error)
{
	switch (general->id) {
	case DNS:
		return add_text(cert, "DNS:", general->contents, error);
	case URI:
		return add_text(cert, "URI:", general->contents, error);
	case EMAIL:
		return add_text(cert, "email:", general->contents, error);
	case ADDRESS:
		return add_address(cert, general->contents, error);
	default:
		return 0; /* has no place in a request record */
	}
}

/* The other kinds are rare and have a structure, which OpenSSL checks. It would
 * also accept one of the four in several pieces, which is not DER. */
static bool readable(const struct ztp_der *general)
{
	const uint8_t *at = (const uint8_t *)general->whole.p;
	GENERAL_NAME *name;
	bool ok;

	switch (general->id & ~ZTP_DER_CONSTRUCTED) {
	case DNS:
	case URI:
	case EMAIL:
	case ADDRESS:
		return !(general->id & ZTP_DER_CONSTRUCTED);
	default:
		name = d2i_GENERAL_NAME(NULL, &at, (long)general->whole.n);
		ok = name;
		GENERAL_NAME_free(name);
		return ok;
	}
}

/* GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName */
static bool all_readable(struct ztp_str names)
{
	struct ztp_der general;

	if (names.n == 0)
		return false;
	while (names.n > 0)
		if (!ztp_der_next(&names, &general) || !readable(&general))
			return false;
	return true;
}

int ztp_cert_alt_names(struct ztp_cert *cert, struct ztp_str value,
		       struct ztp_error *error)
{
	struct ztp_str names;
	struct ztp_der general;
	int rc = 0;

	if (!ztp_der_strict(value.p, value.n) ||
	    !ztp_der_take(&value, ZTP_DER_SEQUENCE, &names) ||
	    !all_readable(names))
		return ztp_fail(error, ZTP_ERR_CERT,
				"alternative names cannot be read");
	cert->san = calloc(ZTP_SAN_MAX, sizeof *cert->san);
	if (!cert->san)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	while (rc == 0 && ztp_der_next(&names, &general))
		rc = add_general(cert, &general, error);
	return rc;
}
