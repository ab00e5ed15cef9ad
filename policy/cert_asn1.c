/*
 * Why not d2i_X509: it turns the public key into an EVP_PKEY at once, which
 * OpenSSL 3 does by asking every provider for a decoder; that is 30 times the
 * work of everything else here, and most certificates are only described,
 * never verified with. So the same template machinery is given a structure of
 * our own in which the key is a SEQUENCE that nobody looks into.
 */
#include <openssl/asn1t.h>

#include "policy/cert_asn1.h"
#include "policy/der.h"

ASN1_SEQUENCE(ZTP_EXTENSION) =
	{
		ASN1_SIMPLE(ZTP_EXTENSION, id, ASN1_OBJECT),
		ASN1_OPT(ZTP_EXTENSION, critical, ASN1_BOOLEAN),
		ASN1_SIMPLE(ZTP_EXTENSION, value, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(ZTP_EXTENSION)

		ASN1_SEQUENCE(ZTP_VALIDITY) =
			{
				ASN1_SIMPLE(ZTP_VALIDITY, not_before,
					    ASN1_TIME),
				ASN1_SIMPLE(ZTP_VALIDITY, not_after, ASN1_TIME),
} static_ASN1_SEQUENCE_END(ZTP_VALIDITY)

				ASN1_SEQUENCE(ZTP_TBS) =
					{
						ASN1_EXP_OPT(ZTP_TBS, version,
							     ASN1_INTEGER, 0),
						ASN1_SIMPLE(ZTP_TBS, serial,
							    ASN1_INTEGER),
						ASN1_SIMPLE(ZTP_TBS, signature,
							    X509_ALGOR),
						ASN1_SIMPLE(ZTP_TBS, issuer,
							    X509_NAME),
						ASN1_SIMPLE(ZTP_TBS, validity,
							    ZTP_VALIDITY),
						ASN1_SIMPLE(ZTP_TBS, subject,
							    X509_NAME),
						ASN1_SIMPLE(ZTP_TBS, spki,
							    ASN1_SEQUENCE),
						ASN1_IMP_OPT(ZTP_TBS,
							     issuer_uid,
							     ASN1_BIT_STRING,
							     1),
						ASN1_IMP_OPT(ZTP_TBS,
							     subject_uid,
							     ASN1_BIT_STRING,
							     2),
						ASN1_EXP_SEQUENCE_OF_OPT(
							ZTP_TBS, extensions,
							ZTP_EXTENSION, 3),
} static_ASN1_SEQUENCE_END(ZTP_TBS)

						ASN1_SEQUENCE(ZTP_CERTIFICATE) =
							{
								ASN1_SIMPLE(
									ZTP_CERTIFICATE,
									tbs,
									ZTP_TBS),
								ASN1_SIMPLE(
									ZTP_CERTIFICATE,
									algorithm,
									X509_ALGOR),
								ASN1_SIMPLE(
									ZTP_CERTIFICATE,
									signature,
									ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(ZTP_CERTIFICATE)

								ZTP_CERTIFICATE
							*
							ztp_cert_asn1_read(
								const void *der,
								size_t len)
{
	const uint8_t *at = der;

	if (!ztp_der_strict(der, len))
		return NULL;
	return (ZTP_CERTIFICATE *)ASN1_item_d2i(
		NULL, &at, (long)len, ASN1_ITEM_rptr(ZTP_CERTIFICATE));
}

void ztp_cert_asn1_free(ZTP_CERTIFICATE *certificate)
{
	ASN1_item_free((ASN1_VALUE *)certificate,
		       ASN1_ITEM_rptr(ZTP_CERTIFICATE));
}

bool ztp_cert_asn1_spki(struct ztp_str *spki, const void *der, size_t len)
{
	struct ztp_str rest = {der, len}, element, contents;
	/* serial, signature, issuer, validity, subject */
	int before = 5;

	if (!ztp_der_take(&rest, &element, &contents))
		return false;
	rest = contents;
	if (!ztp_der_take(&rest, &element, &contents))
		return false;
	rest = contents;
	if (rest.n > 0 && (uint8_t)rest.p[0] == 0xa0) /* version */
		before++;
	for (int i = 0; i < before; i++)
		if (!ztp_der_take(&rest, &element, NULL))
			return false;
	return ztp_der_take(&rest, spki, NULL);
}
