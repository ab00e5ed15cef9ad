/*
 * ztp-device: the command line.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/proxy.h"
#include "base/stdio.h"
#include "tools/common/broker_address.h"
#include "tools/common/cert_file.h"
#include "tools/common/cli.h"
#include "tools/common/out_file.h"
#include "tools/device/device.h"
#include "ztp/codec.h"
#include "ztp/gate_protocol.h"
#include "ztp/path.h"

#define AUDIENCE_MAX 512
#define WAIT_MAX_S   86400

static const char help[] =
	"usage: ztp-device --url URL --cert FILE --key FILE --id PATH\n"
	"                  [--ca FILE] [--audience A] [--wait SECONDS]\n"
	"                  [--out FILE] [--no-ack] [--mqtt 5|3.1.1]\n"
	"       ztp-device --unused --url URL --key FILE --id PATH\n"
	"                  [--ca FILE] [--audience A] [--mqtt 5|3.1.1]\n"
	"\n"
	"Connects as a new device does, and prints what arrives on its "
	"command\n"
	"topic until it is approved or rejected. It answers an approval with\n"
	"`applied`.\n"
	"\n"
	"  --url URL       mqtts://HOST:PORT or mqtt://HOST:PORT\n"
	"  --ca FILE       the CA that signed the broker's certificate\n"
	"  --cert FILE     the bootstrap certificate\n"
	"  --key FILE      its private key\n"
	"  --id PATH       subscriptions/S/registries/R/devices/D\n"
	"  --audience A    the registry's audience, for the JWT\n"
	"  --wait SECONDS  give up after this long, 1-86400, default 60\n"
	"  --out FILE      also write the answer to FILE, mode 0600\n"
	"  --no-ack        do not answer\n"
	"  --mqtt VERSION  5 (default) or 3.1.1\n"
	"  --unused        connect as an onboarded device: no certificate\n"
	"  --version, --help\n"
	"\n"
	"Exit: 0 approved (--unused: connected), 1 failure, 2 usage error,\n"
	"3 rejected, 4 no answer in time, 5 permanently refused (--unused),\n"
	"6 every try was refused until --wait was over.\n";

/* Changes a certificate in place into one line: Mosquitto does not accept a
 * newline in a username. */
static char *one_line(char *pem)
{
	size_t len = strlen(pem);

	for (char *p = pem; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
	pem[len - 1] = '\0'; /* the last newline */
	return pem;
}

/* The broker would refuse it without saying why. Only a warning: this is also
 * how to see what a broker does then. */
static void check_pair(const struct device *d, const char *pem, EVP_PKEY *key)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	if (cert && X509_check_private_key(cert, key) != 1)
		ztp_cli_warn(PROGRAM,
			     "%s is not the key of the certificate in %s",
			     d->key, d->cert);
	X509_free(cert);
	BIO_free(bio);
}

static int read_files(const struct device *d, EVP_PKEY **key, char **pem,
		      struct ztp_error *error)
{
	int rc = ztp_key_file_read(key, d->key, error);

	if (rc == 0 && d->cert)
		rc = ztp_cert_file_first(pem, d->cert, error);
	if (rc == 0 && *pem)
		check_pair(d, *pem, *key);
	if (rc == 0 && d->ca)
		rc = ztp_cert_file_check_cas(d->ca, error);
	if (rc == 0 && d->ca && !d->secure)
		ztp_cli_warn(PROGRAM,
			     "warning: --ca is not used: %s has no "
			     "TLS, " ZTP_MQTTS_SCHEME " has",
			     d->url);
	if (rc == 0 && d->out)
		rc = ztp_out_file_check(d->out, error);
	return rc;
}

/* What is wrong with an option, or NULL. */
static const char *fault_of(const struct device *d)
{
	struct ztp_broker_address broker;
	struct ztp_path path;

	if (!d->url)
		return "--url is missing";
	if (ztp_cli_url_has_user(d->url))
		return "--url holds a user or password: a device has its "
		       "certificate and a JWT instead";
	if (!ztp_broker_address(&broker, d->url))
		return "--url is neither mqtt://HOST:PORT nor "
		       "mqtts://HOST:PORT";
	if (!d->key)
		return "--key is missing";
	if (!d->cert && !d->unused)
		return "--cert is missing";
	if (!d->path)
		return "--id is missing";
	if (ztp_path_parse(&path, d->path, strlen(d->path), NULL) != 0)
		return "--id is not subscriptions/S/registries/R/devices/D";
	if (d->audience && (strpbrk(d->audience, "\"\\\n\r\t") ||
			    strlen(d->audience) > AUDIENCE_MAX ||
			    !ztp_utf8_valid(d->audience, strlen(d->audience))))
		return "--audience is not a name of at most 512 bytes";
	if (d->version == 0)
		return "--mqtt is neither 5 nor 3.1.1";
	return NULL;
}

static int version_of(const char *text)
{
	if (strcmp(text, "5") == 0)
		return MQTTVERSION_5;
	return strcmp(text, "3.1.1") == 0 ? MQTTVERSION_3_1_1 : 0;
}

static int device_main(struct device *d)
{
	static char unused[] = "unused";
	struct ztp_error error;
	EVP_PKEY *key = NULL;
	char *pem = NULL;
	int rc;

	(void)ztp_cli_is_url(d->url, &d->secure);
	if (read_files(d, &key, &pem, &error) != 0)
		rc = ztp_cli_usage(PROGRAM, "%s", error.message);
	else
		rc = (int)device_run(
			d, key, pem && !d->unused ? one_line(pem) : unused);
	EVP_PKEY_free(key);
	free(pem);
	return rc;
}

enum { TEXTS = 7, WAIT = TEXTS, UNUSED, NO_ACK, MQTT, HELP, VERSION };

int main(int argc, char **argv)
{
	static const struct option table[] = {{"url", 1, NULL, 0},
					      {"ca", 1, NULL, 1},
					      {"cert", 1, NULL, 2},
					      {"key", 1, NULL, 3},
					      {"id", 1, NULL, 4},
					      {"audience", 1, NULL, 5},
					      {"out", 1, NULL, 6},
					      {"wait", 1, NULL, WAIT},
					      {"unused", 0, NULL, UNUSED},
					      {"no-ack", 0, NULL, NO_ACK},
					      {"mqtt", 1, NULL, MQTT},
					      {"help", 0, NULL, HELP},
					      {"version", 0, NULL, VERSION},
					      {NULL, 0, NULL, 0}};
	struct device d = {.wait_s = 60, .version = MQTTVERSION_5};
	const char **texts[TEXTS] = {&d.url,  &d.ca,	   &d.cert, &d.key,
				     &d.path, &d.audience, &d.out};
	char range[ZTP_CLI_RANGE_MAX];
	const char *fault;
	int c, status;

	if (!ztp_stdio_prepare())
		return FAILED;
	ztp_proxy_forget();
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		if (c >= 0 && c < TEXTS)
			*texts[c] = optarg;
		else if (c == WAIT &&
			 !ztp_number_parse(&d.wait_s, optarg, 1, WAIT_MAX_S))
			return ztp_cli_usage(
				PROGRAM, "--wait: bad value: %.100s%s", optarg,
				ztp_cli_range(range, 1, WAIT_MAX_S));
		else if (c == UNUSED)
			d.unused = true;
		else if (c == NO_ACK)
			d.silent = true;
		else if (c == MQTT)
			d.version = version_of(optarg);
		else if (c == HELP || c == VERSION)
			return ztp_cli_print(PROGRAM, c == HELP ? help
								: PROGRAM
							      " " ZTP_VERSION
							      "\n");
		else if (c != WAIT)
			return ztp_cli_bad_option(PROGRAM, c, argv);
	}
	if (optind != argc)
		return ztp_cli_usage(PROGRAM, "unexpected argument: %s",
				     argv[optind]);
	fault = fault_of(&d);
	if (fault)
		return ztp_cli_usage(PROGRAM, "%s", fault);
	status = device_main(&d);
	return ztp_cli_flush(PROGRAM) || status != APPROVED ? status : FAILED;
}
