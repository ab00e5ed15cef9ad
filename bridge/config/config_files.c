#include "bridge/config/config_files.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/file.h"
#include "bridge/config/settings.h"

#define OF(member) offsetof(struct config, member)

static int refuse(const struct config *config, size_t member, int *line,
		  const char *what, struct ztp_error *error)
{
	const struct setting *setting = settings_of(member);

	*line = config->lines[settings_index(setting)];
	return ztp_fail(error, ZTP_ERR_VALUE, "%s: %s", setting->name, what);
}

/* Not by OpenSSL, which would wait for the writer of a FIFO. Memory is wiped,
 * because a file may hold a private key. */
static BIO *open_file(char **text, size_t *len, const char *file)
{
	if (ztp_file_read(text, len, file, ZTP_LIBRARY_FILE_MAX, NULL) != 0)
		return NULL;
	return BIO_new_mem_buf(*text, (int)*len);
}

static void close_file(BIO *in, char *text, size_t len)
{
	BIO_free(in);
	if (text)
		OPENSSL_cleanse(text, len);
	free(text);
}

/* The first certificate of a file. */
static X509 *read_cert(const char *file)
{
	char *text = NULL;
	size_t len = 0;
	BIO *in = open_file(&text, &len, file);
	X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	close_file(in, text, len);
	return cert;
}

/* password may be "", and then nobody is asked for one. */
static EVP_PKEY *read_key(const char *file, char *password)
{
	char *text = NULL;
	size_t len = 0;
	BIO *in = open_file(&text, &len, file);
	EVP_PKEY *key =
		in ? PEM_read_bio_PrivateKey(in, NULL, NULL, password) : NULL;

	close_file(in, text, len);
	return key;
}

/* config_load has seen to it that there are both files or none. */
static int check_pair(const struct config *config, int *line,
		      struct ztp_error *error)
{
	const struct config_mqtt_tls *tls = &config->mqtt.tls;
	X509 *cert = read_cert(tls->cert_file);
	EVP_PKEY *key = read_key(tls->key_file, tls->key_password);
	int rc = 0;

	if (!cert)
		rc = refuse(config, OF(mqtt.tls.cert_file), line,
			    "has no certificate in PEM", error);
	else if (!key)
		rc = refuse(config, OF(mqtt.tls.key_file), line,
			    "has no private key in PEM that can be read with "
			    "key_password",
			    error);
	else if (X509_check_private_key(cert, key) != 1)
		rc = refuse(config, OF(mqtt.tls.key_file), line,
			    "is not the key of mqtt.tls.cert_file", error);
	EVP_PKEY_free(key);
	X509_free(cert);
	return rc;
}

int config_check_files(const struct config *config, int *line,
		       struct ztp_error *error)
{
	const struct config_mqtt_tls *tls = &config->mqtt.tls;
	X509 *ca = NULL;
	int rc = 0;

	ERR_set_mark();
	if (tls->ca_file[0] && !(ca = read_cert(tls->ca_file)))
		rc = refuse(config, OF(mqtt.tls.ca_file), line,
			    "has no certificate in PEM", error);
	if (rc == 0 && tls->cert_file[0])
		rc = check_pair(config, line, error);
	X509_free(ca);
	ERR_pop_to_mark();
	return rc;
}
