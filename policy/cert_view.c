/*
 * Why not d2i_X509? It turns the public key into an EVP_PKEY at once, for which
 * OpenSSL 3 asks every provider for a decoder, and it allocates memory for
 * every element. Together that is 50 times the work of everything else here,
 * and most certificates are only described, never used to verify anything.
 * Instead, one strict pass checks the bytes, and then each element must be in
 * its place, be of the right type, and be followed by what may follow. Nothing
 * is skipped.
 */
#include "policy/cert_view.h"

#define EXPLICIT(n) (ZTP_DER_CONTEXT | ZTP_DER_CONSTRUCTED | (n))
#define IMPLICIT(n) (ZTP_DER_CONTEXT | (n))

/* Version ::= [0] EXPLICIT INTEGER DEFAULT v1 */
static bool take_version(struct ztp_cert_view *view, struct ztp_str *rest)
{
	struct ztp_str inside;

	view->version.n = 0;
	return !ztp_der_optional(rest, EXPLICIT(0), &inside) ||
	       (ztp_der_take(&inside, ZTP_DER_INTEGER, &view->version) &&
		inside.n == 0);
}

static bool take_whole(struct ztp_str *sequence, struct ztp_str *rest)
{
	struct ztp_der element;

	if (!ztp_der_next(rest, &element) || element.id != ZTP_DER_SEQUENCE)
		return false;
	*sequence = element.whole;
	return true;
}

static bool take_time(struct ztp_der *time, struct ztp_str *rest)
{
	return ztp_der_next(rest, time) &&
	       (time->id == ZTP_DER_UTC_TIME || time->id == ZTP_DER_TIME);
}

static bool take_validity(struct ztp_cert_view *view, struct ztp_str *rest)
{
	struct ztp_str inside;

	return ztp_der_take(rest, ZTP_DER_SEQUENCE, &inside) &&
	       take_time(&view->not_before, &inside) &&
	       take_time(&view->not_after, &inside) && inside.n == 0;
}

/* Unique identifiers: BIT STRINGs behind implicit tags. Their contents do not
 * matter. */
static bool take_uids(struct ztp_cert_view *view, struct ztp_str *rest)
{
	struct ztp_str bits;

	view->has_uid = false;
	for (int tag = 1; tag <= 2; tag++) {
		if (!ztp_der_optional(rest, IMPLICIT(tag), &bits))
			continue;
		if (bits.n == 0 || (uint8_t)bits.p[0] > 7)
			return false;
		view->has_uid = true;
	}
	return true;
}

static bool take_extensions(struct ztp_cert_view *view, struct ztp_str *rest)
{
	struct ztp_cert_extension ignored;
	struct ztp_str inside;

	view->has_extensions = ztp_der_optional(rest, EXPLICIT(3), &inside);
	if (!view->has_extensions)
		return true;
	if (!ztp_der_take(&inside, ZTP_DER_SEQUENCE, &view->extensions) ||
	    inside.n != 0)
		return false;
	inside = view->extensions;
	while (inside.n > 0)
		if (!ztp_cert_extension(&inside, &ignored))
			return false;
	return true;
}

bool ztp_cert_extension(struct ztp_str *rest,
			struct ztp_cert_extension *extension)
{
	struct ztp_str inside;

	if (!ztp_der_take(rest, ZTP_DER_SEQUENCE, &inside) ||
	    !ztp_der_take(&inside, ZTP_DER_OID, &extension->id))
		return false;
	extension->critical.n = 0;
	(void)ztp_der_optional(&inside, ZTP_DER_BOOLEAN, &extension->critical);
	return ztp_der_take(&inside, ZTP_DER_OCTETS, &extension->value) &&
	       inside.n == 0;
}

static bool take_tbs(struct ztp_cert_view *view, struct ztp_str *after)
{
	struct ztp_str rest;

	if (!take_whole(&view->tbs, after))
		return false;
	rest = view->tbs;
	return ztp_der_take(&rest, ZTP_DER_SEQUENCE, &rest) &&
	       take_version(view, &rest) &&
	       ztp_der_take(&rest, ZTP_DER_INTEGER, &view->serial) &&
	       ztp_der_algorithm(&rest, &view->inner) &&
	       take_whole(&view->issuer, &rest) && take_validity(view, &rest) &&
	       take_whole(&view->subject, &rest) &&
	       take_whole(&view->spki, &rest) && take_uids(view, &rest) &&
	       take_extensions(view, &rest) && rest.n == 0;
}

bool ztp_cert_view(struct ztp_cert_view *view, const void *der, size_t len)
{
	struct ztp_str rest = {der, len};

	return ztp_der_strict(der, len) &&
	       ztp_der_take(&rest, ZTP_DER_SEQUENCE, &rest) &&
	       take_tbs(view, &rest) &&
	       ztp_der_algorithm(&rest, &view->outer) &&
	       ztp_der_take(&rest, ZTP_DER_BITS, &view->signature) &&
	       rest.n == 0;
}
