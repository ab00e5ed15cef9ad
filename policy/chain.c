/*
 * Path validation with exactly two certificates: a leaf and the anchor that
 * signed it. Each anchor with the right name is tried by itself, because a v1
 * leaf has no key identifier and OpenSSL would settle for the first of two CAs
 * with the same name.
 *
 * OpenSSL's strict mode is on, but four of its complaints are ignored: missing
 * key identifiers, and on the CA a missing keyUsage or basicConstraints that
 * are not critical. `openssl req -x509` and `openssl x509 -req` make such
 * certificates, and ignoring them lets no forged certificate pass.
 *
 * Where OpenSSL has no memory it often says nothing but no, and an X509 keeps
 * that. So a refusal must come twice in a row to count, from the DER on (see
 * policy/memory.h).
 *
 * The validity period is checked here, not by OpenSSL, so that the caller's
 * clock alone counts, to the millisecond.
 */
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cert_view.h"
#include "policy/memory.h"
#include "policy/oid.h"
#include "ztp/chain.h"

#define SECURITY_LEVEL 2
#define INTERMEDIATES  0

struct ztp_ca {
	struct ztp_cert cert;
	X509 *x509;
	struct ztp_str subject; /* view into cert.der */
	bool constrains_names;
};

static X509 *to_x509(const struct ztp_cert *cert)
{
	const uint8_t *at = cert->der;

	return d2i_X509(NULL, &at, (long)cert->der_len);
}

/* X509_check_ca returns 1 for basicConstraints with CA:TRUE (and keyCertSign if
 * there is a keyUsage), 3 for a v1 certificate that is its own issuer. */
static bool may_sign(X509 *x509)
{
	if (X509_get_extension_flags(x509) & EXFLAG_INVALID)
		return false;
	switch (X509_check_ca(x509)) {
	case 1:
		return X509_get_version(x509) == X509_VERSION_3;
	case 3:
		return X509_self_signed(x509, 1) == 1;
	default:
		return false;
	}
}

static int ca_fill(struct ztp_ca *ca, const char *pem, size_t len,
		   struct ztp_error *error)
{
	int rc = ztp_cert_parse(&ca->cert, pem, len, error);
	struct ztp_cert_view view;

	if (rc)
		return rc;
	if (!ztp_cert_view(&view, ca->cert.der, ca->cert.der_len))
		return ztp_fail(error, ZTP_ERR_INTERNAL, "it was read before");
	ca->subject = view.subject;
	ca->x509 = to_x509(&ca->cert);
	if (!ca->x509 || !X509_get0_pubkey(ca->x509))
		return ztp_fail(error, ZTP_ERR_CERT,
				"CA certificate cannot be read");
	if (!may_sign(ca->x509))
		return ztp_fail(error, ZTP_ERR_CERT_USAGE,
				"not a CA certificate");
	ca->constrains_names =
		X509_get_ext_by_NID(ca->x509, NID_name_constraints, -1) >= 0;
	return 0;
}

static int ca_make(struct ztp_ca **ca, const char *pem, size_t len,
		   struct ztp_error *error)
{
	struct ztp_ca *made = calloc(1, sizeof *made);
	int rc;

	*ca = NULL;
	if (!made)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	ERR_set_mark();
	rc = ca_fill(made, pem, len, error);
	ERR_pop_to_mark();
	if (rc)
		ztp_ca_free(made);
	else
		*ca = made;
	return rc;
}

int ztp_ca_parse(struct ztp_ca **ca, const char *pem, size_t len,
		 struct ztp_error *error)
{
	int rc = ca_make(ca, pem, len, error);

	if (rc == 0 || rc == ZTP_ERR_NOMEM)
		return rc;
	if (!ztp_memory_left())
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return ca_make(ca, pem, len, error);
}

const struct ztp_cert *ztp_ca_cert(const struct ztp_ca *ca)
{
	return &ca->cert;
}

void ztp_ca_free(struct ztp_ca *ca)
{
	if (!ca)
		return;
	X509_free(ca->x509);
	ztp_cert_clear(&ca->cert);
	free(ca);
}

static int waive(int ok, X509_STORE_CTX *context)
{
	switch (X509_STORE_CTX_get_error(context)) {
	case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
	case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
	case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
	case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
		return 1;
	default:
		return ok;
	}
}

/* OpenSSL's purpose "sslclient" does not accept anyExtendedKeyUsage as
 * clientAuth. ztp_cert_check_leaf did, and it has looked at the key usage, for
 * which keyAgreement would do here. */
static int purpose_of(X509 *leaf)
{
	uint32_t usage = X509_get_extended_key_usage(leaf);

	return usage & XKU_SSL_CLIENT ? X509_PURPOSE_SSL_CLIENT
				      : X509_PURPOSE_ANY;
}

static bool set_rules(X509_STORE_CTX *context, X509 *leaf, X509 *ca)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN |
			      X509_V_FLAG_NO_CHECK_TIME |
			      X509_V_FLAG_X509_STRICT;

	if (X509_get_version(ca) == X509_VERSION_1) /* not a CA to OpenSSL */
		flags &= ~(unsigned long)X509_V_FLAG_X509_STRICT;
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, INTERMEDIATES);
	X509_STORE_CTX_set_verify_cb(context, waive);
	return X509_VERIFY_PARAM_set_flags(param, flags) == 1 &&
	       X509_VERIFY_PARAM_set_purpose(param, purpose_of(leaf)) == 1;
}

/* Returns X509_V_OK, or why this CA did not sign this leaf. */
static int verify_one(X509 *leaf, X509 *ca)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) *anchors = sk_X509_new_null();
	int why = X509_V_ERR_OUT_OF_MEM;

	if (!context || !anchors || sk_X509_push(anchors, ca) == 0 ||
	    X509_STORE_CTX_init(context, NULL, leaf, NULL) != 1)
		goto out;
	X509_STORE_CTX_set0_trusted_stack(context, anchors);
	if (!set_rules(context, leaf, ca))
		goto out;
	if (X509_verify_cert(context) == 1) {
		why = X509_V_OK;
		goto out;
	}
	why = X509_STORE_CTX_get_error(context);
	if (why == X509_V_OK)
		why = X509_V_ERR_UNSPECIFIED;
out:
	X509_STORE_CTX_free(context);
	sk_X509_free(anchors);
	return why;
}

/* anew: does not use the CA as it was read before. */
static int verify_with(X509 *leaf, const struct ztp_ca *ca, bool anew)
{
	X509 *fresh = anew ? to_x509(&ca->cert) : NULL;
	int why = X509_V_ERR_OUT_OF_MEM;

	if (!anew || fresh)
		why = verify_one(leaf, anew ? fresh : ca->x509);
	X509_free(fresh);
	return why;
}

static int find_issuer(X509 *leaf, struct ztp_ca *const *cas, size_t count,
		       int64_t now_ms, bool anew, size_t *issuer,
		       struct ztp_error *error)
{
	const char *why = "its issuer is none of the registry's CAs";
	int result;

	for (size_t i = 0; i < count; i++) {
		if (X509_NAME_cmp(X509_get_issuer_name(leaf),
				  X509_get_subject_name(cas[i]->x509)) != 0)
			continue;
		if (!ztp_cert_is_valid_at(&cas[i]->cert, now_ms)) {
			why = "its issuer is not valid now";
			continue;
		}
		result = verify_with(leaf, cas[i], anew);
		if (result == X509_V_ERR_OUT_OF_MEM)
			return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		if (result == X509_V_OK) {
			if (issuer)
				*issuer = i;
			return 0;
		}
		why = X509_verify_cert_error_string(result);
	}
	return ztp_fail(error, ZTP_ERR_UNTRUSTED, "certificate: %s", why);
}

/* Compares the key as well, so that a CA's key cannot become a device's in
 * another certificate. */
static bool is_listed(const struct ztp_cert *leaf, struct ztp_ca *const *cas,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct ztp_cert *cert = &cas[i]->cert;

		if (memcmp(leaf->fingerprint, cert->fingerprint,
			   ZTP_SHA256_LEN) == 0 ||
		    memcmp(leaf->spki_sha256, cert->spki_sha256,
			   ZTP_SHA256_LEN) == 0)
			return true;
	}
	return false;
}

static int check_once(const struct ztp_cert *leaf, struct ztp_ca *const *cas,
		      size_t count, int64_t now_ms, bool anew, size_t *issuer,
		      struct ztp_error *error)
{
	X509 *x509;
	int rc;

	ERR_set_mark();
	x509 = to_x509(leaf);
	if (!x509)
		rc = ztp_fail(error, ZTP_ERR_CERT,
			      "certificate has no usable "
			      "key");
	else
		rc = find_issuer(x509, cas, count, now_ms, anew, issuer, error);
	X509_free(x509);
	ERR_pop_to_mark();
	return rc;
}

int ztp_chain_check(const struct ztp_cert *leaf, struct ztp_ca *const *cas,
		    size_t count, int64_t now_ms, size_t *issuer,
		    struct ztp_error *error)
{
	int rc = ztp_cert_check_leaf(leaf, now_ms, error);

	if (rc)
		return rc;
	if (is_listed(leaf, cas, count))
		return ztp_fail(error, ZTP_ERR_CERT_IS_CA,
				"one of the registry's own CAs");
	rc = check_once(leaf, cas, count, now_ms, false, issuer, error);
	if (rc == 0 || rc == ZTP_ERR_NOMEM)
		return rc;
	if (!ztp_memory_left())
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return check_once(leaf, cas, count, now_ms, true, issuer, error);
}

/* ---- by the signature alone */

/* NULL: an algorithm that only OpenSSL's own way reads, or not of this key. */
static const EVP_MD *digest_of(struct ztp_str algorithm, const EVP_PKEY *key)
{
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	bool ec = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;

	switch (ztp_oid_nid(algorithm)) {
	case NID_sha256WithRSAEncryption:
		return rsa ? EVP_sha256() : NULL;
	case NID_sha384WithRSAEncryption:
		return rsa ? EVP_sha384() : NULL;
	case NID_sha512WithRSAEncryption:
		return rsa ? EVP_sha512() : NULL;
	case NID_ecdsa_with_SHA256:
		return ec ? EVP_sha256() : NULL;
	case NID_ecdsa_with_SHA384:
		return ec ? EVP_sha384() : NULL;
	case NID_ecdsa_with_SHA512:
		return ec ? EVP_sha512() : NULL;
	default:
		return NULL;
	}
}

static bool is_signed(const struct ztp_cert_view *view, const struct ztp_ca *ca)
{
	EVP_PKEY *key = X509_get0_pubkey(ca->x509);
	const EVP_MD *digest = key ? digest_of(view->outer.oid, key) : NULL;
	EVP_MD_CTX *context = digest ? EVP_MD_CTX_new() : NULL;
	/* The first byte is the number of unused bits, which is 0. */
	const uint8_t *signature = (const uint8_t *)view->signature.p + 1;
	bool good;

	good = context &&
	       EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
	       EVP_DigestVerify(context, signature, view->signature.n - 1,
				(const uint8_t *)view->tbs.p, view->tbs.n) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

bool ztp_chain_signed(const struct ztp_cert *leaf, struct ztp_ca *const *cas,
		      size_t count, size_t issuer, int64_t now_ms)
{
	const struct ztp_ca *ca = cas[issuer];
	struct ztp_cert_view view;
	bool good;

	if (ca->constrains_names || !ztp_cert_is_valid_at(&ca->cert, now_ms) ||
	    is_listed(leaf, cas, count) ||
	    ztp_cert_check_leaf(leaf, now_ms, NULL) != 0 ||
	    !ztp_cert_view(&view, leaf->der, leaf->der_len) ||
	    !ztp_der_same(view.issuer, ca->subject))
		return false;
	ERR_set_mark();
	good = is_signed(&view, ca);
	ERR_pop_to_mark();
	return good;
}
