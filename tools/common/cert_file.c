#include "tools/common/cert_file.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ztp/cert.h"

#define CAS_FILE_MAX (4 * 1024 * 1024) /* the system's has 200 kB */
#define PRIVATE	     "PRIVATE KEY-----"

static int read_text(char **text, size_t *len, const char *path, size_t max,
		     struct ztp_error *error)
{
	int rc = ztp_file_read(text, len, path, max, error);

	if (rc || *len > 0)
		return rc;
	free(*text);
	*text = NULL;
	(void)ztp_fail(error, ZTP_ERR_EMPTY, "%.150s is empty", path);
	return ZTP_ERR_EMPTY;
}

static int is_private(const char *path, struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_VALUE,
			"%.150s holds a private key: name a file with the "
			"certificate alone",
			path);
}

/* Nobody is asked for a password. */
static int no_password(char *out, int size, int encrypting, void *arg)
{
	(void)out;
	(void)size;
	(void)encrypting;
	(void)arg;
	return -1;
}

/* The number of PEM certificates; the first one is returned in *first. */
static int count_pem(X509 **first, const char *text, size_t len)
{
	BIO *bio = BIO_new_mem_buf(text, (int)len);
	X509 *x509;
	int n = 0;

	*first = NULL;
	while (bio &&
	       (x509 = PEM_read_bio_X509(bio, NULL, no_password, NULL))) {
		if (n++ == 0)
			*first = x509;
		else
			X509_free(x509);
	}
	BIO_free(bio);
	return n;
}

static X509 *from_der(const void *der, size_t len)
{
	const unsigned char *at = der;
	X509 *x509 = d2i_X509(NULL, &at, (long)len);

	if (x509 && at != (const unsigned char *)der + len) {
		X509_free(x509);
		return NULL;
	}
	return x509;
}

static bool is_der_key(const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)len);

	EVP_PKEY_free(key);
	return key;
}

/* DER, or a form of PEM that only our own reader takes. */
static X509 *from_other(const char *text, size_t len)
{
	X509 *x509 = from_der(text, len);
	struct ztp_cert cert;

	if (x509 || ztp_cert_parse(&cert, text, len, NULL) != 0)
		return x509;
	x509 = from_der(cert.der, cert.der_len);
	ztp_cert_clear(&cert);
	return x509;
}

static int write_pem(char **pem, X509 *x509, struct ztp_error *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	*pem = NULL;
	if (bio && PEM_write_bio_X509(bio, x509) == 1) {
		len = BIO_get_mem_data(bio, &data);
		*pem = strndup(data, (size_t)len);
	}
	BIO_free(bio);
	return *pem ? 0 : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

static int read_one(char **pem, const char *path, bool alone,
		    struct ztp_error *error)
{
	char *text = NULL;
	X509 *x509 = NULL;
	size_t len;
	int n, rc = read_text(&text, &len, path, ZTP_CERT_FILE_MAX, error);

	*pem = NULL;
	if (rc)
		return rc;
	n = count_pem(&x509, text, len);
	if (n == 0)
		x509 = from_other(text, len);
	if (alone && (memmem(text, len, PRIVATE, sizeof(PRIVATE) - 1) ||
		      (!x509 && is_der_key(text, len))))
		rc = is_private(path, error);
	else if (!x509)
		rc = ztp_fail(error, ZTP_ERR_VALUE,
			      "%.150s is not a certificate in PEM or DER",
			      path);
	else if (alone && n > 1)
		rc = ztp_fail(error, ZTP_ERR_VALUE,
			      "%.150s holds %d certificates: name a file for "
			      "each",
			      path, n);
	else if (alone && n == 1 && memchr(text, '\0', len))
		rc = ztp_fail(error, ZTP_ERR_NUL, "%.150s contains a NUL byte",
			      path);
	else
		rc = write_pem(pem, x509, error);
	X509_free(x509);
	explicit_bzero(text, len); /* it may hold a key */
	free(text);
	return rc;
}

int ztp_cert_file_read(char **pem, const char *path, struct ztp_error *error)
{
	return read_one(pem, path, true, error);
}

int ztp_cert_file_first(char **pem, const char *path, struct ztp_error *error)
{
	return read_one(pem, path, false, error);
}

int ztp_key_file_read(EVP_PKEY **key, const char *path, struct ztp_error *error)
{
	const unsigned char *at;
	char *text = NULL;
	size_t len;
	BIO *bio;
	int rc = read_text(&text, &len, path, ZTP_CERT_FILE_MAX, error);

	*key = NULL;
	if (rc)
		return rc;
	at = (const unsigned char *)text;
	bio = BIO_new_mem_buf(text, (int)len);
	if (bio)
		*key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	BIO_free(bio);
	if (!*key)
		*key = d2i_AutoPrivateKey(NULL, &at, (long)len);
	if (!*key)
		rc = ztp_fail(
			error, ZTP_ERR_VALUE,
			"%.150s is not a private key in PEM or DER, or it "
			"is encrypted",
			path);
	explicit_bzero(text, len);
	free(text);
	return rc;
}

int ztp_cert_file_check_cas(const char *path, struct ztp_error *error)
{
	char *text = NULL;
	X509 *first = NULL;
	size_t len;
	int rc = read_text(&text, &len, path, CAS_FILE_MAX, error);

	if (rc)
		return rc;
	if (count_pem(&first, text, len) == 0)
		rc = ztp_fail(error, ZTP_ERR_VALUE,
			      "%.150s holds no certificate in PEM", path);
	X509_free(first);
	explicit_bzero(text, len);
	free(text);
	return rc;
}
