#include "policy/cert_ext.h"
#include "policy/cert_san.h"
#include "policy/oid.h"

#define EXTENSIONS_MAX 64

/* In the first byte of a key usage, whose bit 0 is the highest. */
#define DIGITAL_SIGNATURE 0x80
#define KEY_CERT_SIGN	  0x04

static int unreadable(const char *what, struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_CERT, "extension %s cannot be read",
			what);
}

/* Gets the contents of an extension's value, which must be one SEQUENCE. */
static bool take_sequence(struct ztp_str *inside, struct ztp_str value)
{
	return ztp_der_strict(value.p, value.n) &&
	       ztp_der_take(&value, ZTP_DER_SEQUENCE, inside);
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE,
 * pathLenConstraint INTEGER OPTIONAL }. The strict reader has checked that a
 * BOOLEAN is 00 or FF, and DER does not write defaults. */
static int read_constraints(struct ztp_cert *cert, struct ztp_str value,
			    struct ztp_error *error)
{
	static const char name[] = "basicConstraints";
	struct ztp_str rest, ca, length;
	bool is_ca;

	if (!take_sequence(&rest, value))
		return unreadable(name, error);
	is_ca = ztp_der_optional(&rest, ZTP_DER_BOOLEAN, &ca);
	(void)ztp_der_optional(&rest, ZTP_DER_INTEGER, &length);
	if (rest.n != 0 || (is_ca && ca.p[0] == 0))
		return unreadable(name, error);
	cert->is_ca |= is_ca;
	return 0;
}

/* KeyUsage ::= BIT STRING with named bits: at least one is set, and trailing
 * zeros are not written (X.690 11.2.2). */
static int read_key_usage(struct ztp_cert *cert, struct ztp_str value,
			  struct ztp_error *error)
{
	const uint8_t *der = (const uint8_t *)value.p;

	if (!ztp_der_strict(der, value.n) || der[0] != ZTP_DER_BITS ||
	    value.n < 4 || value.n > 5 || !(der[value.n - 1] >> der[2] & 1))
		return unreadable("keyUsage", error);
	cert->is_ca |= (der[3] & KEY_CERT_SIGN) != 0;
	cert->has_key_usage = true;
	cert->may_sign = (der[3] & DIGITAL_SIGNATURE) != 0;
	return 0;
}

static int read_extended_usage(struct ztp_cert *cert, struct ztp_str value,
			       struct ztp_error *error)
{
	static const char name[] = "extKeyUsage";
	struct ztp_str rest, purpose;

	if (!take_sequence(&rest, value) || rest.n == 0)
		return unreadable(name, error);
	cert->has_eku = true;
	while (rest.n > 0) {
		int nid;

		if (!ztp_der_take(&rest, ZTP_DER_OID, &purpose))
			return unreadable(name, error);
		nid = ztp_oid_nid(purpose);
		cert->eku_client_auth |= nid == NID_client_auth ||
					 nid == NID_anyExtendedKeyUsage;
	}
	return 0;
}

static int read_extension(struct ztp_cert *cert,
			  const struct ztp_cert_extension *extension,
			  struct ztp_error *error)
{
	struct ztp_str value = extension->value;

	switch (ztp_oid_nid(extension->id)) {
	case NID_basic_constraints:
		return read_constraints(cert, value, error);
	case NID_key_usage:
		return read_key_usage(cert, value, error);
	case NID_ext_key_usage:
		return read_extended_usage(cert, value, error);
	case NID_subject_alt_name:
		return ztp_cert_alt_names(cert, value, error);
	case NID_name_constraints:     /* the chain check applies them */
	case NID_certificate_policies: /* we require no policy */
		return 0;
	default:
		if (extension->critical.n > 0)
			return ztp_fail(error, ZTP_ERR_CERT,
					"unknown critical extension");
		return 0;
	}
}

static bool seen_before(const struct ztp_str *ids, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (ztp_der_same(ids[i], ids[index]))
			return true;
	return false;
}

static size_t count_all(struct ztp_str extensions)
{
	struct ztp_der extension;
	size_t count = 0;

	while (ztp_der_next(&extensions, &extension))
		count++;
	return count;
}

int ztp_cert_extensions(struct ztp_cert *cert, const struct ztp_cert_view *view,
			struct ztp_error *error)
{
	struct ztp_str ids[EXTENSIONS_MAX], rest = view->extensions;
	struct ztp_cert_extension extension;
	int rc = 0;

	if (!view->has_extensions)
		return 0;
	if (count_all(rest) > EXTENSIONS_MAX)
		return ztp_fail(error, ZTP_ERR_CERT, "more than %d extensions",
				EXTENSIONS_MAX);
	if (rest.n == 0)
		return ztp_fail(error, ZTP_ERR_CERT,
				"empty list of extensions");
	for (size_t i = 0; rc == 0 && ztp_cert_extension(&rest, &extension);
	     i++) {
		ids[i] = extension.id;
		/* DER does not write the default */
		if (extension.critical.n > 0 && extension.critical.p[0] == 0)
			return ztp_fail(error, ZTP_ERR_CERT,
					"an extension writes out the default, "
					"critical FALSE");
		if (seen_before(ids, i))
			return ztp_fail(error, ZTP_ERR_CERT,
					"an extension is given more than once");
		rc = read_extension(cert, &extension, error);
	}
	return rc;
}
