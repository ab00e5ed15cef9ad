#include "bridge/config/config_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stddef.h>

#include "bridge/config/settings.h"

#define OF(member) offsetof(struct config, member)

static int refuse(const struct config *config, size_t member, int *line,
		  const char *what, struct ztp_error *error)
{
	const struct setting *setting = settings_of(member);

	*line = config->lines[settings_index(setting)];
	return ztp_fail(error, ZTP_ERR_VALUE, "%s: %s", setting->name, what);
}

static bool has_certificate(const char *file)
{
	X509_STORE *store = X509_STORE_new();
	bool has = store && X509_STORE_load_file(store, file) == 1;

	X509_STORE_free(store);
	return has;
}

static X509 *read_cert(const char *file)
{
	BIO *in = BIO_new_file(file, "r");
	X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	BIO_free(in);
	return cert;
}

/* password may be "", and then nobody is asked for one. */
static EVP_PKEY *read_key(const char *file, char *password)
{
	BIO *in = BIO_new_file(file, "r");
	EVP_PKEY *key =
		in ? PEM_read_bio_PrivateKey(in, NULL, NULL, password) : NULL;

	BIO_free(in);
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
	int rc = 0;

	ERR_set_mark();
	if (tls->ca_file[0] && !has_certificate(tls->ca_file))
		rc = refuse(config, OF(mqtt.tls.ca_file), line,
			    "has no certificate in PEM", error);
	if (rc == 0 && tls->cert_file[0])
		rc = check_pair(config, line, error);
	ERR_pop_to_mark();
	return rc;
}
