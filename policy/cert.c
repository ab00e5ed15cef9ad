/*
 * Reading a bootstrap certificate. It comes from a stranger: every byte of it
 * is hostile until the strict DER reader (der.c) and the templates
 * (cert_asn1.c) have taken it apart, and nothing of it is passed on but the
 * fields of struct ztp_cert, each of which is checked or escaped here. No
 * signature is verified here (ztp/chain.h).
 */
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "policy/calendar.h"
#include "policy/cert_asn1.h"
#include "policy/cert_ext.h"
#include "policy/cert_names.h"
#include "policy/cert_text.h"
#include "policy/spki.h"
#include "ztp/cert.h"

static bool strong_digest(const X509_ALGOR *algorithm)
{
	switch (algorithm ? OBJ_obj2nid(algorithm->algorithm) : NID_undef) {
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
		return true;
	default:
		return false;
	}
}

/* RFC 4055 3.1: what is absent is SHA-1. */
static bool strong_pss(const X509_ALGOR *algorithm)
{
	RSA_PSS_PARAMS *pss = NULL;
	X509_ALGOR *mask = NULL;
	bool strong = false;

	if (!algorithm->parameter)
		return false;
	pss = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS),
					algorithm->parameter);
	if (!pss || !strong_digest(pss->hashAlgorithm) ||
	    !pss->maskGenAlgorithm ||
	    OBJ_obj2nid(pss->maskGenAlgorithm->algorithm) != NID_mgf1 ||
	    !pss->maskGenAlgorithm->parameter)
		goto out;
	mask = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR),
					 pss->maskGenAlgorithm->parameter);
	strong = mask &&
		 OBJ_cmp(mask->algorithm, pss->hashAlgorithm->algorithm) == 0;
out:
	X509_ALGOR_free(mask);
	RSA_PSS_PARAMS_free(pss);
	return strong;
}

/* RFC 4055 section 5 (parameters NULL, absent is to be accepted), RFC 5758
 * section 3.2 (absent) */
static bool strong_signature(const X509_ALGOR *algorithm)
{
	const ASN1_TYPE *parameter = algorithm->parameter;

	switch (OBJ_obj2nid(algorithm->algorithm)) {
	case NID_sha256WithRSAEncryption:
	case NID_sha384WithRSAEncryption:
	case NID_sha512WithRSAEncryption:
		return !parameter || parameter->type == V_ASN1_NULL;
	case NID_ecdsa_with_SHA256:
	case NID_ecdsa_with_SHA384:
	case NID_ecdsa_with_SHA512:
		return !parameter;
	case NID_rsassaPss:
		return strong_pss(algorithm);
	default:
		return false;
	}
}

static int read_signature(const ZTP_CERTIFICATE *parsed,
			  struct ztp_error *error)
{
	if (X509_ALGOR_cmp(parsed->algorithm, parsed->tbs->signature) != 0)
		return ztp_fail(error, ZTP_ERR_CERT,
				"inner and outer signature algorithm differ");
	if (!strong_signature(parsed->algorithm))
		return ztp_fail(error, ZTP_ERR_CERT_SIGNATURE,
				"signature algorithm is not RSA or ECDSA with "
				"SHA-256 or better");
	if (parsed->signature->flags & 0x07 || parsed->signature->length == 0)
		return ztp_fail(error, ZTP_ERR_CERT,
				"signature is not whole bytes");
	return 0;
}

/* Extensions are for v3, unique identifiers for v2 and v3; DER does not write
 * the default, v1. */
static int read_version(const ZTP_TBS *tbs, struct ztp_error *error)
{
	int64_t version = 0;

	if (tbs->version && (!ASN1_INTEGER_get_int64(&version, tbs->version) ||
			     version < 1 || version > 2))
		return ztp_fail(error, ZTP_ERR_CERT, "unknown version");
	if ((tbs->extensions && version != 2) ||
	    ((tbs->issuer_uid || tbs->subject_uid) && version == 0))
		return ztp_fail(error, ZTP_ERR_CERT,
				"member of a later version");
	return 0;
}

static int read_serial(struct ztp_cert *cert, const ASN1_INTEGER *serial,
		       struct ztp_error *error)
{
	bool negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
	int len = ASN1_STRING_length(serial);

	if (len < 1 || len + negative > ZTP_SERIAL_MAX)
		return ztp_fail(error, ZTP_ERR_CERT,
				"serial empty or longer than %d bytes",
				ZTP_SERIAL_MAX);
	cert->serial[0] = '-';
	ztp_hex_encode(cert->serial + negative, ASN1_STRING_get0_data(serial),
		       (size_t)len);
	return 0;
}

/* RFC 5280 4.1.2.5: YYMMDDHHMMSSZ, the year being 1950-2049, or
 * YYYYMMDDHHMMSSZ; no fraction, no offset. */
static bool read_time(int64_t *ms, const ASN1_TIME *time)
{
	const char *text = (const char *)ASN1_STRING_get0_data(time);
	int digits = ASN1_STRING_type(time) == V_ASN1_UTCTIME ? 2 : 4;
	struct ztp_calendar at;

	if (ASN1_STRING_length(time) != digits + 11 ||
	    text[digits + 10] != 'Z' ||
	    !ztp_calendar_digits(&at.year, text, digits))
		return false;
	text += digits;
	if (!ztp_calendar_digits(&at.month, text, 2) ||
	    !ztp_calendar_digits(&at.day, text + 2, 2) ||
	    !ztp_calendar_digits(&at.hour, text + 4, 2) ||
	    !ztp_calendar_digits(&at.minute, text + 6, 2) ||
	    !ztp_calendar_digits(&at.second, text + 8, 2))
		return false;
	if (digits == 2)
		at.year += at.year < 50 ? 2000 : 1900;
	if (!ztp_calendar_valid(&at))
		return false;
	*ms = ztp_calendar_ms(&at);
	return true;
}

static int read_validity(struct ztp_cert *cert, const ZTP_VALIDITY *validity,
			 struct ztp_error *error)
{
	if (!read_time(&cert->not_before, validity->not_before) ||
	    !read_time(&cert->not_after, validity->not_after))
		return ztp_fail(error, ZTP_ERR_CERT, "validity is no time");
	if (cert->not_after < cert->not_before)
		return ztp_fail(error, ZTP_ERR_CERT,
				"notAfter before notBefore");
	return 0;
}

static int read_names(struct ztp_cert *cert, const ZTP_TBS *tbs,
		      struct ztp_error *error)
{
	int rc;

	if (X509_NAME_entry_count(tbs->issuer) == 0)
		return ztp_fail(error, ZTP_ERR_CERT, "issuer is empty");
	rc = ztp_cert_name(cert->subject, tbs->subject, "subject", error);
	return rc ? rc
		  : ztp_cert_name(cert->issuer, tbs->issuer, "issuer", error);
}

static int read_key(struct ztp_cert *cert, struct ztp_error *error)
{
	if (!ztp_cert_asn1_spki(&cert->spki, cert->der, cert->der_len))
		return ztp_fail(error, ZTP_ERR_INTERNAL,
				"public key not found again");
	ztp_sha256(cert->spki_sha256, cert->spki.p, cert->spki.n);
	return ztp_spki_describe(&cert->key_algorithm, &cert->key_bits,
				 cert->spki, error);
}

/* Reads cert->der; what it allocates is in *cert whatever happens. */
static int read_fields(struct ztp_cert *cert, struct ztp_error *error)
{
	ZTP_CERTIFICATE *parsed = ztp_cert_asn1_read(cert->der, cert->der_len);
	int rc;

	if (!parsed)
		return ztp_fail(error, ZTP_ERR_CERT,
				"not one certificate in DER");
	ztp_sha256(cert->fingerprint, cert->der, cert->der_len);
	rc = read_version(parsed->tbs, error);
	if (rc == 0)
		rc = read_signature(parsed, error);
	if (rc == 0)
		rc = read_serial(cert, parsed->tbs->serial, error);
	if (rc == 0)
		rc = read_validity(cert, parsed->tbs->validity, error);
	if (rc == 0)
		rc = read_key(cert, error);
	if (rc == 0)
		rc = read_names(cert, parsed->tbs, error);
	if (rc == 0)
		rc = ztp_cert_extensions(cert, parsed->tbs->extensions, error);
	ztp_cert_asn1_free(parsed);
	return rc;
}

/* Takes over der. The library's error queue is left as it was found. */
static int parse_owned(struct ztp_cert *cert, uint8_t *der, size_t len,
		       struct ztp_error *error)
{
	int rc;

	memset(cert, 0, sizeof *cert);
	cert->der = der;
	cert->der_len = len;
	ERR_set_mark();
	rc = read_fields(cert, error);
	ERR_pop_to_mark();
	if (rc)
		ztp_cert_clear(cert);
	return rc;
}

int ztp_cert_parse(struct ztp_cert *cert, const char *text, size_t len,
		   struct ztp_error *error)
{
	uint8_t *der = NULL;
	size_t der_len = 0;
	int rc = ztp_cert_text_decode(&der, &der_len, "CERTIFICATE", true, text,
				      len, error);

	if (rc) {
		memset(cert, 0, sizeof *cert);
		return rc;
	}
	return parse_owned(cert, der, der_len, error);
}

int ztp_cert_parse_der(struct ztp_cert *cert, const void *der, size_t len,
		       struct ztp_error *error)
{
	uint8_t *copy;

	memset(cert, 0, sizeof *cert);
	if (len == 0)
		return ztp_fail(error, ZTP_ERR_EMPTY, "no certificate");
	if (len > ZTP_CERT_TEXT_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"certificate longer than %d bytes",
				ZTP_CERT_TEXT_MAX);
	copy = malloc(len);
	if (!copy)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	memcpy(copy, der, len);
	return parse_owned(cert, copy, len, error);
}

int ztp_cert_check_leaf(const struct ztp_cert *cert, int64_t now_ms,
			struct ztp_error *error)
{
	char when[ZTP_TIME_LEN];

	if (cert->is_ca)
		return ztp_fail(error, ZTP_ERR_CERT_IS_CA,
				"a CA certificate is not a device's");
	if (cert->has_eku && !cert->eku_client_auth)
		return ztp_fail(error, ZTP_ERR_CERT_USAGE,
				"extended key usage without clientAuth");
	if (now_ms < cert->not_before) {
		ztp_time_format(when, cert->not_before);
		return ztp_fail(error, ZTP_ERR_CERT_NOT_YET,
				"certificate not valid before %s", when);
	}
	/* notAfter names the last second that is valid */
	if (now_ms >= cert->not_after + 1000) {
		ztp_time_format(when, cert->not_after);
		return ztp_fail(error, ZTP_ERR_CERT_EXPIRED,
				"certificate expired at %s", when);
	}
	return 0;
}

void ztp_cert_clear(struct ztp_cert *cert)
{
	if (!cert)
		return;
	for (size_t i = 0; i < cert->san_count; i++)
		free(cert->san[i]);
	free(cert->san);
	free(cert->der);
	memset(cert, 0, sizeof *cert);
}
