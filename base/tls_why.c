#include "base/tls_why.h"

#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 160 /* of a name that is shown */
#define NAMES_MAX    4	 /* of those that a certificate is for */

static const char *file_of(const struct ztp_tls_wish *wish)
{
	return wish->ca_file && *wish->ca_file ? wish->ca_file
					       : "the system's CAs";
}

static void name_text(char out[NAME_MAX_LEN], const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio && name &&
	    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) > 0)
		n = BIO_read(bio, out, NAME_MAX_LEN - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

/* An unknown issuer is told by its name, unlike a certificate that is out of
 * date. */
static void not_trusted(char out[ZTP_TLS_WHY_MAX], X509 *cert,
			const struct ztp_tls_wish *wish)
{
	char issuer[NAME_MAX_LEN] = "";

	name_text(issuer, X509_get_issuer_name(cert));
	(void)snprintf(out, ZTP_TLS_WHY_MAX,
		       "the broker's certificate is issued by \"%s\", which is "
		       "not in %.200s",
		       issuer, file_of(wish));
}

static void not_verified(char out[ZTP_TLS_WHY_MAX], X509_STORE_CTX *store,
			 const struct ztp_tls_wish *wish)
{
	int error = X509_STORE_CTX_get_error(store);
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	char subject[NAME_MAX_LEN] = "";

	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		if (cert) {
			not_trusted(out, cert, wish);
			return;
		}
		break;
	default:
		break;
	}
	if (cert)
		name_text(subject, X509_get_subject_name(cert));
	(void)snprintf(out, ZTP_TLS_WHY_MAX,
		       "the broker's certificate \"%s\" cannot be verified: %s",
		       subject, X509_verify_cert_error_string(error));
}

/* --- host names */

static void add_name(char *out, size_t size, const ASN1_STRING *name)
{
	size_t n = strlen(out);

	(void)snprintf(out + n, size - n, "%s%.*s", n ? ", " : "",
		       ASN1_STRING_length(name),
		       (const char *)ASN1_STRING_get0_data(name));
}

static void add_address(char *out, size_t size, const ASN1_STRING *address)
{
	const unsigned char *b = ASN1_STRING_get0_data(address);
	size_t n = strlen(out);

	if (ASN1_STRING_length(address) == 4)
		(void)snprintf(out + n, size - n, "%s%d.%d.%d.%d",
			       n ? ", " : "", b[0], b[1], b[2], b[3]);
	else
		(void)snprintf(out + n, size - n, "%sanother address",
			       n ? ", " : "");
}

/* The first names that it is for; what does not print is left out. */
static void names_of(char *out, size_t size, X509 *cert)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	char subject[NAME_MAX_LEN] = "";

	out[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < NAMES_MAX; i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);

		if (one->type == GEN_DNS)
			add_name(out, size, one->d.dNSName);
		else if (one->type == GEN_IPADD)
			add_address(out, size, one->d.iPAddress);
	}
	GENERAL_NAMES_free(names);
	if (*out)
		return;
	name_text(subject, X509_get_subject_name(cert));
	(void)snprintf(out, size, "%s, and has no subjectAltName", subject);
}

static bool is_for_host(char out[ZTP_TLS_WHY_MAX], X509 *cert,
			const struct ztp_tls_wish *wish)
{
	char names[ZTP_TLS_WHY_MAX / 2];

	if (X509_check_host(cert, wish->host, strlen(wish->host), 0, NULL) ==
		    1 ||
	    X509_check_ip_asc(cert, wish->host, 0) == 1)
		return true;
	names_of(names, sizeof(names), cert);
	for (char *p = names; *p; p++)
		if (*p < ' ' || *p == 0x7f) /* char may be signed */
			*p = '?';
	(void)snprintf(out, ZTP_TLS_WHY_MAX,
		       "the broker's certificate is not for %.100s: it is for "
		       "%s",
		       wish->host, names);
	return false;
}

/* A library's own callback may have refused the name, which leaves no error but
 * this one. */
int ztp_tls_why(char out[ZTP_TLS_WHY_MAX], X509_STORE_CTX *store,
		const struct ztp_tls_wish *wish)
{
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	bool verified = X509_verify_cert(store) == 1;
	int error = X509_STORE_CTX_get_error(store);
	bool is_for = true; /* or not looked at */

	out[0] = '\0';
	if (verified || error == X509_V_ERR_UNSPECIFIED)
		is_for = is_for_host(out, cert, wish);
	if (!verified && is_for)
		not_verified(out, store, wish);
	return *out == '\0';
}
