/*
 * policy/cert_asn1.h - the structure of a certificate (RFC 5280 section 4.1)
 * as templates of OpenSSL's ASN.1 library. Private to policy/.
 */
#ifndef ZTP_POLICY_CERT_ASN1_H
#define ZTP_POLICY_CERT_ASN1_H

#include <openssl/asn1.h>
#include <openssl/x509.h>

#include "ztp/codec.h"

typedef struct {
	ASN1_OBJECT *id;
	ASN1_BOOLEAN critical; /* -1 where it is not written */
	ASN1_OCTET_STRING *value;
} ZTP_EXTENSION;

/* cppcheck-suppress unknownMacro */
DEFINE_STACK_OF(ZTP_EXTENSION)

typedef struct {
	ASN1_TIME *not_before, *not_after;
} ZTP_VALIDITY;

typedef struct {
	ASN1_INTEGER *version; /* NULL for v1 */
	ASN1_INTEGER *serial;
	X509_ALGOR *signature;
	X509_NAME *issuer;
	ZTP_VALIDITY *validity;
	X509_NAME *subject;
	ASN1_STRING *spki; /* opaque: the whole element */
	ASN1_BIT_STRING *issuer_uid, *subject_uid;
	STACK_OF(ZTP_EXTENSION) * extensions;
} ZTP_TBS;

typedef struct {
	ZTP_TBS *tbs;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
} ZTP_CERTIFICATE;

/* NULL when the bytes are not exactly one certificate in DER. */
ZTP_CERTIFICATE *ztp_cert_asn1_read(const void *der, size_t len);
void ztp_cert_asn1_free(ZTP_CERTIFICATE *certificate);

/* Where the public key is, in the DER of a certificate that was read. */
bool ztp_cert_asn1_spki(struct ztp_str *spki, const void *der, size_t len);

#endif
