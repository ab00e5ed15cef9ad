/* Uses OpenSSL's decoders, which share no code with policy/der.c. */
#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/cert_oracle.h"

/* We truncate names that are too long. */
static bool same_name(const char *ours, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	size_t n = strlen(ours);
	char *text = NULL;
	bool same = false;
	long len;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		len = BIO_get_mem_data(bio, &text);
		same = n <= (size_t)len && n <= ZTP_NAME_MAX &&
		       (n == (size_t)len || len > ZTP_NAME_MAX) &&
		       (n == 0 || memcmp(ours, text, n) == 0);
	}
	BIO_free(bio);
	return same;
}

/* A negative number is written as its two's complement. */
static bool same_serial(const char *ours, const ASN1_INTEGER *serial)
{
	BIGNUM *theirs = ASN1_INTEGER_to_BN(serial, NULL), *number = NULL;
	BIGNUM *power = BN_new();
	bool same = theirs && power &&
		    BN_hex2bn(&number, ours) == (int)strlen(ours) &&
		    (!BN_is_negative(theirs) ||
		     (BN_set_bit(power, 4 * (int)strlen(ours)) == 1 &&
		      BN_sub(number, number, power) == 1)) &&
		    BN_cmp(number, theirs) == 0;

	BN_free(power);

	BN_free(theirs);
	BN_free(number);
	return same;
}

static bool same_time(int64_t ours, const ASN1_TIME *time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days, seconds;
	bool same = epoch &&
		    ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 &&
		    (days * 86400LL + seconds) * 1000 == ours;

	ASN1_TIME_free(epoch);
	return same;
}

static bool same_key(const struct ztp_cert *cert, X509 *x509)
{
	uint8_t *der = NULL, hash[ZTP_SHA256_LEN];
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
	bool same = len > 0 && (size_t)len == cert->spki.n &&
		    memcmp(der, cert->spki.p, cert->spki.n) == 0;

	if (same) {
		ztp_sha256(hash, der, (size_t)len);
		same = memcmp(hash, cert->spki_sha256, sizeof(hash)) == 0;
	}
	OPENSSL_free(der);
	return same;
}

static bool same_usage(const struct ztp_cert *cert, X509 *x509)
{
	BASIC_CONSTRAINTS *constraints =
		X509_get_ext_d2i(x509, NID_basic_constraints, NULL, NULL);
	ASN1_BIT_STRING *usage =
		X509_get_ext_d2i(x509, NID_key_usage, NULL, NULL);
	EXTENDED_KEY_USAGE *extended =
		X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
	bool ca = (constraints && constraints->ca) ||
		  (usage && ASN1_BIT_STRING_get_bit(usage, 5));
	bool client = false;
	int i;

	for (i = 0; extended && i < sk_ASN1_OBJECT_num(extended); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(extended, i));

		client |= nid == NID_client_auth ||
			  nid == NID_anyExtendedKeyUsage;
	}
	ca = ca == cert->is_ca && cert->has_key_usage == (usage != NULL) &&
	     cert->may_sign == (usage && ASN1_BIT_STRING_get_bit(usage, 0)) &&
	     cert->has_eku == (extended != NULL) &&
	     cert->eku_client_auth == client;
	BASIC_CONSTRAINTS_free(constraints);
	ASN1_BIT_STRING_free(usage);
	EXTENDED_KEY_USAGE_free(extended);
	return ca;
}

static bool is_text(const char *ours, const char *prefix,
		    const ASN1_STRING *text)
{
	size_t n = strlen(prefix), len = (size_t)ASN1_STRING_length(text);

	return strlen(ours) == n + len && memcmp(ours, prefix, n) == 0 &&
	       memcmp(ours + n, ASN1_STRING_get0_data(text), len) == 0;
}

static bool is_address(const char *ours, const ASN1_STRING *address)
{
	int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN];

	return inet_ntop(family, ASN1_STRING_get0_data(address), text,
			 sizeof(text)) &&
	       strncmp(ours, "IP:", 3) == 0 && strcmp(ours + 3, text) == 0;
}

/* *at is the index of our next name. */
static bool same_general(const struct ztp_cert *cert, size_t *at,
			 const GENERAL_NAME *name)
{
	if (name->type != GEN_DNS && name->type != GEN_URI &&
	    name->type != GEN_EMAIL && name->type != GEN_IPADD)
		return true;
	if (*at == cert->san_count)
		return false;
	switch (name->type) {
	case GEN_DNS:
		return is_text(cert->san[(*at)++], "DNS:", name->d.dNSName);
	case GEN_URI:
		return is_text(cert->san[(*at)++],
			       "URI:", name->d.uniformResourceIdentifier);
	case GEN_EMAIL:
		return is_text(cert->san[(*at)++],
			       "email:", name->d.rfc822Name);
	default:
		return is_address(cert->san[(*at)++], name->d.iPAddress);
	}
}

static bool same_alt_names(const struct ztp_cert *cert, X509 *x509)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	bool same = true;
	size_t at = 0;
	int i;

	for (i = 0; same && names && i < sk_GENERAL_NAME_num(names); i++)
		same = same_general(cert, &at, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	return same && at == cert->san_count;
}

const char *cert_oracle_differs(const struct ztp_cert *cert)
{
	const uint8_t *der = cert->der;
	X509 *x509 = d2i_X509(NULL, &der, (long)cert->der_len);
	uint8_t hash[ZTP_SHA256_LEN];
	const char *what = NULL;

	if (!x509)
		return "certificate";
	if (X509_digest(x509, EVP_sha256(), hash, NULL) != 1 ||
	    memcmp(hash, cert->fingerprint, sizeof(hash)) != 0)
		what = "fingerprint";
	else if (!same_name(cert->subject, X509_get_subject_name(x509)))
		what = "subject";
	else if (!same_name(cert->issuer, X509_get_issuer_name(x509)))
		what = "issuer";
	else if (!same_serial(cert->serial, X509_get0_serialNumber(x509)))
		what = "serial";
	else if (!same_time(cert->not_before, X509_get0_notBefore(x509)) ||
		 !same_time(cert->not_after, X509_get0_notAfter(x509)))
		what = "validity";
	else if (!same_key(cert, x509))
		what = "public key";
	else if (!same_usage(cert, x509))
		what = "usage";
	else if (!same_alt_names(cert, x509))
		what = "alternative names";
	X509_free(x509);
	return what;
}
