/*
 * Reads a bootstrap certificate. It comes from a stranger, so every byte is
 * hostile until the strict DER reader (der.c) has accepted it and each element
 * has been found in its place (cert_view.c). Only the fields of struct ztp_cert
 * are passed on, and each is checked or escaped here. Signatures are not
 * verified here (ztp/chain.h).
 *
 * This is the most expensive part of handling an event. An ordinary certificate
 * is read with one allocation, for the DER.
 */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "policy/calendar.h"
#include "policy/cert_ext.h"
#include "policy/cert_names.h"
#include "policy/cert_text.h"
#include "policy/cert_view.h"
#include "policy/memory.h"
#include "policy/oid.h"
#include "policy/spki.h"
#include "ztp/cert.h"

static bool strong_digest(struct ztp_str oid)
{
	switch (ztp_oid_nid(oid)) {
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
		return true;
	default:
		return false;
	}
}

/* Reads one algorithm behind an explicit tag. */
static bool take_algorithm(struct ztp_str *rest, uint8_t id,
			   struct ztp_der_algorithm *algorithm)
{
	struct ztp_str inside;

	return ztp_der_take(rest, id, &inside) &&
	       ztp_der_algorithm(&inside, algorithm) && inside.n == 0;
}

/* Skips the salt length or the trailer field, both optional. */
static bool skip_integer(struct ztp_str *rest, uint8_t id)
{
	struct ztp_str inside, integer;

	return !ztp_der_optional(rest, id, &inside) ||
	       (ztp_der_take(&inside, ZTP_DER_INTEGER, &integer) &&
		inside.n == 0);
}

/* RFC 4055 3.1: an absent algorithm means SHA-1. */
static bool strong_pss(const struct ztp_der *parameter)
{
	struct ztp_str rest = parameter->contents, mask_parameter;
	struct ztp_der_algorithm digest, mask, mask_digest;

	if (parameter->id != ZTP_DER_SEQUENCE ||
	    !take_algorithm(&rest, 0xa0, &digest) ||
	    !take_algorithm(&rest, 0xa1, &mask) || !skip_integer(&rest, 0xa2) ||
	    !skip_integer(&rest, 0xa3) || rest.n != 0)
		return false;
	mask_parameter = mask.parameter.whole;
	return strong_digest(digest.oid) && ztp_oid_nid(mask.oid) == NID_mgf1 &&
	       mask.parameter.id == ZTP_DER_SEQUENCE &&
	       ztp_der_algorithm(&mask_parameter, &mask_digest) &&
	       ztp_der_same(mask_digest.oid, digest.oid);
}

/* RFC 4055 section 5: the parameters are NULL, and absent ones must be
 * accepted. RFC 5758 section 3.2: they are absent. */
static bool strong_signature(const struct ztp_der_algorithm *algorithm)
{
	const struct ztp_der *parameter = &algorithm->parameter;

	switch (ztp_oid_nid(algorithm->oid)) {
	case NID_sha256WithRSAEncryption:
	case NID_sha384WithRSAEncryption:
	case NID_sha512WithRSAEncryption:
		return parameter->id == 0 || parameter->id == ZTP_DER_NULL;
	case NID_ecdsa_with_SHA256:
	case NID_ecdsa_with_SHA384:
	case NID_ecdsa_with_SHA512:
		return parameter->id == 0;
	case NID_rsassaPss:
		return strong_pss(parameter);
	default:
		return false;
	}
}

static int read_signature(const struct ztp_cert_view *view,
			  struct ztp_error *error)
{
	if (!ztp_der_same(view->outer.whole, view->inner.whole))
		return ztp_fail(error, ZTP_ERR_CERT,
				"inner and outer signature algorithm differ");
	if (!strong_signature(&view->outer))
		return ztp_fail(error, ZTP_ERR_CERT_SIGNATURE,
				"signature algorithm is not RSA or ECDSA with "
				"SHA-256 or better");
	if (view->signature.p[0] != 0 || view->signature.n == 1)
		return ztp_fail(error, ZTP_ERR_CERT,
				"signature is not whole bytes");
	return 0;
}

/* Only v3 has extensions, only v2 and v3 have unique identifiers. v1 is the
 * default, which DER does not write. */
static int read_version(const struct ztp_cert_view *view,
			struct ztp_error *error)
{
	char version = 0;

	if (view->version.n > 0) {
		version = view->version.p[0];
		if (view->version.n > 1 || version < 1 || version > 2)
			return ztp_fail(error, ZTP_ERR_CERT, "unknown version");
	}
	if ((view->has_extensions && version != 2) ||
	    (view->has_uid && version == 0))
		return ztp_fail(error, ZTP_ERR_CERT,
				"fields of a later version");
	return 0;
}

/* Writes the bytes as the certificate has them, but for the zero that DER puts
 * in front of a number whose first bit is set. Some CAs forget this zero and
 * issue negative numbers, which RFC 5280 4.1.2.2 asks users to handle
 * gracefully: their bytes are what the CA meant, and hex digits are what the
 * contract promises. */
static int read_serial(struct ztp_cert *cert, struct ztp_str serial,
		       struct ztp_error *error)
{
	if (serial.n > 1 && serial.p[0] == 0) {
		serial.p++;
		serial.n--;
	}
	if (serial.n < 1 || serial.n > ZTP_SERIAL_MAX)
		return ztp_fail(error, ZTP_ERR_CERT,
				"the serial number is empty or longer than %d "
				"bytes",
				ZTP_SERIAL_MAX);
	ztp_hex_encode(cert->serial, serial.p, serial.n);
	return 0;
}

/* RFC 5280 4.1.2.5: YYMMDDHHMMSSZ for the years 1950-2049, or YYYYMMDDHHMMSSZ;
 * no fraction and no offset. */
static bool read_time(int64_t *ms, const struct ztp_der *time)
{
	const char *text = time->contents.p;
	int digits = time->id == ZTP_DER_UTC_TIME ? 2 : 4;
	struct ztp_calendar at;

	if (time->contents.n != (size_t)digits + 11 ||
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

static int read_validity(struct ztp_cert *cert,
			 const struct ztp_cert_view *view,
			 struct ztp_error *error)
{
	if (!read_time(&cert->not_before, &view->not_before) ||
	    !read_time(&cert->not_after, &view->not_after))
		return ztp_fail(error, ZTP_ERR_CERT,
				"the validity is not a valid time");
	if (cert->not_after < cert->not_before)
		return ztp_fail(error, ZTP_ERR_CERT,
				"notAfter before notBefore");
	return 0;
}

static int read_key(struct ztp_cert *cert, struct ztp_str spki,
		    struct ztp_error *error)
{
	cert->spki = spki;
	ztp_sha256(cert->spki_sha256, spki.p, spki.n);
	return ztp_spki_describe(&cert->key_algorithm, &cert->key_bits, spki,
				 error);
}

static int read_names(struct ztp_cert *cert, const struct ztp_name *issuer,
		      const struct ztp_name *subject, struct ztp_error *error)
{
	int rc;

	if (issuer->empty)
		return ztp_fail(error, ZTP_ERR_CERT, "issuer is empty");
	rc = ztp_name_text(cert->subject, subject, "subject", error);
	return rc ? rc : ztp_name_text(cert->issuer, issuer, "issuer", error);
}

static int read_all(struct ztp_cert *cert, const struct ztp_cert_view *view,
		    const struct ztp_name *issuer,
		    const struct ztp_name *subject, struct ztp_error *error)
{
	int rc = read_version(view, error);

	if (rc == 0)
		rc = read_signature(view, error);
	if (rc == 0)
		rc = read_serial(cert, view->serial, error);
	if (rc == 0)
		rc = read_validity(cert, view, error);
	if (rc == 0)
		rc = read_key(cert, view->spki, error);
	if (rc == 0)
		rc = read_names(cert, issuer, subject, error);
	if (rc == 0)
		rc = ztp_cert_extensions(cert, view, error);
	return rc;
}

/* With PKCS #1 v1.5 a text has one signature, which is as long as the modulus:
 * there is one fingerprint, and no second hash is needed. With ECDSA a text has
 * two that anybody can make of each other. */
static void identify(struct ztp_cert *cert, const struct ztp_cert_view *view)
{
	switch (ztp_oid_nid(view->outer.oid)) {
	case NID_sha256WithRSAEncryption:
	case NID_sha384WithRSAEncryption:
	case NID_sha512WithRSAEncryption:
		memcpy(cert->identity, cert->fingerprint, ZTP_SHA256_LEN);
		break;
	default:
		ztp_sha256(cert->identity, view->tbs.p, view->tbs.n);
	}
}

static int not_a_certificate(struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_CERT, "not one certificate in DER");
}

/* Whatever it allocates belongs to *cert, also on failure. */
static int read_view(struct ztp_cert *cert, const struct ztp_cert_view *view,
		     struct ztp_error *error)
{
	struct ztp_name issuer = {.parsed = NULL}, subject = {.parsed = NULL};
	int rc;

	if (ztp_name_read(&issuer, cert->issuer, view->issuer) &&
	    ztp_name_read(&subject, cert->subject, view->subject))
		rc = read_all(cert, view, &issuer, &subject, error);
	else
		rc = not_a_certificate(error);
	ztp_name_clear(&issuer);
	ztp_name_clear(&subject);
	return rc;
}

static void clear_names(struct ztp_cert *cert)
{
	for (size_t i = 0; i < cert->san_count; i++)
		free(cert->san[i]);
	free(cert->san);
	cert->san = NULL;
	cert->san_count = 0;
}

/* Reads cert->der. OpenSSL reads the rarer names: see policy/memory.h. */
static int read_fields(struct ztp_cert *cert, struct ztp_error *error)
{
	struct ztp_cert_view view;
	int rc;

	if (!ztp_cert_view(&view, cert->der, cert->der_len))
		return not_a_certificate(error);
	ztp_sha256(cert->fingerprint, cert->der, cert->der_len);
	identify(cert, &view);
	rc = read_view(cert, &view, error);
	if (rc != ZTP_ERR_CERT)
		return rc;
	if (!ztp_memory_left())
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	clear_names(cert);
	return read_view(cert, &view, error);
}

/* Takes ownership of der. Leaves OpenSSL's error queue as it found it. */
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

bool ztp_cert_is_valid_at(const struct ztp_cert *cert, int64_t now_ms)
{
	return now_ms >= cert->not_before &&
	       now_ms < cert->not_after + ZTP_CERT_LAST_MS;
}

int ztp_cert_check_leaf(const struct ztp_cert *cert, int64_t now_ms,
			struct ztp_error *error)
{
	char when[ZTP_TIME_LEN];

	if (cert->is_ca)
		return ztp_fail(error, ZTP_ERR_CERT_IS_CA,
				"a CA certificate cannot be a device's");
	/* RFC 5280 4.2.1.3: entity authentication is digitalSignature;
	 * keyAgreement and nonRepudiation are something else. */
	if (cert->has_key_usage && !cert->may_sign)
		return ztp_fail(
			error, ZTP_ERR_CERT_USAGE,
			"the key usage does not allow digital signatures");
	if (cert->has_eku && !cert->eku_client_auth)
		return ztp_fail(
			error, ZTP_ERR_CERT_USAGE,
			"the extended key usage does not allow clientAuth");
	if (ztp_cert_is_valid_at(cert, now_ms))
		return 0;
	if (now_ms < cert->not_before) {
		ztp_time_format(when, cert->not_before);
		return ztp_fail(error, ZTP_ERR_CERT_NOT_YET,
				"certificate not valid before %s", when);
	}
	ztp_time_format(when, cert->not_after);
	return ztp_fail(error, ZTP_ERR_CERT_EXPIRED,
			"certificate expired at %s", when);
}

const char *ztp_key_algorithm_name(enum ztp_key_algorithm algorithm)
{
	return algorithm == ZTP_KEY_RSA ? ZTP_ALGORITHM_RSA : ZTP_ALGORITHM_EC;
}

void ztp_cert_clear(struct ztp_cert *cert)
{
	if (!cert)
		return;
	clear_names(cert);
	free(cert->der);
	memset(cert, 0, sizeof *cert);
}
