#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "policy/cert_ext.h"
#include "policy/cert_names.h"
#include "policy/der.h"

#define EXTENSIONS_MAX 64
#define KEY_CERT_SIGN  0x04 /* bit 5 of the first byte */

static int unreadable(const char *what, struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_CERT, "extension %s cannot be read",
			what);
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, ... }; the strict
 * reader has seen to it that a BOOLEAN is 00 or FF, and DER does not write a
 * default. */
static int read_constraints(struct ztp_cert *cert, const uint8_t *der,
			    size_t len, struct ztp_error *error)
{
	static const uint8_t written_false[] = {0x01, 0x01, 0x00};
	BASIC_CONSTRAINTS *constraints = NULL;
	const uint8_t *at = der;

	if (ztp_der_strict(der, len) &&
	    !(len >= 5 && memcmp(der + 2, written_false, 3) == 0))
		constraints = d2i_BASIC_CONSTRAINTS(NULL, &at, (long)len);
	if (!constraints)
		return unreadable("basicConstraints", error);
	cert->is_ca |= constraints->ca != 0;
	BASIC_CONSTRAINTS_free(constraints);
	return 0;
}

/* KeyUsage ::= BIT STRING with named bits: at least one is set, and zeros at
 * the end are not written (X.690 11.2.2). */
static int read_key_usage(struct ztp_cert *cert, const uint8_t *der, size_t len,
			  struct ztp_error *error)
{
	if (!ztp_der_strict(der, len) || der[0] != V_ASN1_BIT_STRING ||
	    len < 4 || len > 5 || !(der[len - 1] >> der[2] & 1))
		return unreadable("keyUsage", error);
	cert->is_ca |= (der[3] & KEY_CERT_SIGN) != 0;
	return 0;
}

static int read_extended_usage(struct ztp_cert *cert, const uint8_t *der,
			       size_t len, struct ztp_error *error)
{
	EXTENDED_KEY_USAGE *usage = NULL;
	const uint8_t *at = der;

	if (ztp_der_strict(der, len))
		usage = d2i_EXTENDED_KEY_USAGE(NULL, &at, (long)len);
	if (!usage || sk_ASN1_OBJECT_num(usage) == 0) {
		EXTENDED_KEY_USAGE_free(usage);
		return unreadable("extKeyUsage", error);
	}
	cert->has_eku = true;
	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i));

		cert->eku_client_auth |= nid == NID_client_auth ||
					 nid == NID_anyExtendedKeyUsage;
	}
	EXTENDED_KEY_USAGE_free(usage);
	return 0;
}

static int read_extension(struct ztp_cert *cert, const ZTP_EXTENSION *extension,
			  struct ztp_error *error)
{
	const uint8_t *der = ASN1_STRING_get0_data(extension->value);
	size_t len = (size_t)ASN1_STRING_length(extension->value);

	switch (OBJ_obj2nid(extension->id)) {
	case NID_basic_constraints:
		return read_constraints(cert, der, len, error);
	case NID_key_usage:
		return read_key_usage(cert, der, len, error);
	case NID_ext_key_usage:
		return read_extended_usage(cert, der, len, error);
	case NID_subject_alt_name:
		return ztp_cert_alt_names(cert, der, len, error);
	case NID_name_constraints:     /* the chain check obeys it */
	case NID_certificate_policies: /* no policy is asked for */
		return 0;
	default:
		if (extension->critical > 0)
			return ztp_fail(error, ZTP_ERR_CERT,
					"unknown critical extension");
		return 0;
	}
}

static bool seen_before(const STACK_OF(ZTP_EXTENSION) * extensions, int index)
{
	const ASN1_OBJECT *id = sk_ZTP_EXTENSION_value(extensions, index)->id;

	for (int i = 0; i < index; i++)
		if (OBJ_cmp(sk_ZTP_EXTENSION_value(extensions, i)->id, id) == 0)
			return true;
	return false;
}

int ztp_cert_extensions(struct ztp_cert *cert,
			const STACK_OF(ZTP_EXTENSION) * extensions,
			struct ztp_error *error)
{
	int count = extensions ? sk_ZTP_EXTENSION_num(extensions) : 0;
	int rc = 0;

	if (count > EXTENSIONS_MAX)
		return ztp_fail(error, ZTP_ERR_CERT, "more than %d extensions",
				EXTENSIONS_MAX);
	if (extensions && count == 0)
		return ztp_fail(error, ZTP_ERR_CERT,
				"empty list of extensions");
	for (int i = 0; i < count && rc == 0; i++) {
		const ZTP_EXTENSION *extension =
			sk_ZTP_EXTENSION_value(extensions, i);

		if (extension->critical == 0) /* DER writes no default */
			return ztp_fail(error, ZTP_ERR_CERT,
					"extension critical FALSE written out");
		if (seen_before(extensions, i))
			return ztp_fail(error, ZTP_ERR_CERT,
					"an extension twice");
		rc = read_extension(cert, extension, error);
	}
	return rc;
}
