/*
 * ztp-device: a device as the broker sees it, and an example for the authors
 * of firmware. device.h says where to look.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "tools/common/cli.h"
#include "tools/device/device.h"
#include "ztp/cert.h"
#include "ztp/path.h"

static const char help[] =
	"usage: ztp-device --url mqtts://HOST:PORT --ca FILE --cert FILE\n"
	"                  --key FILE --id PATH [--audience A] [--wait S]\n"
	"                  [--out FILE] [--unused]\n"
	"\n"
	"Connects as a new device does, with its bootstrap certificate as the\n"
	"username and a JWT as the password, and prints what comes on its "
	"command\n"
	"topic until it is approved or rejected.\n"
	"\n"
	"  --url URL        mqtts:// or mqtt://\n"
	"  --ca FILE        who signed the broker's certificate (mqtts)\n"
	"  --cert FILE      the bootstrap certificate, PEM\n"
	"  --key FILE       its private key, PEM: RSA, P-256 or P-384\n"
	"  --id PATH        subscriptions/S/registries/R/devices/D\n"
	"  --audience A     aud of the JWT\n"
	"  --wait S         seconds until it gives up, default 60\n"
	"  --out FILE       the answer goes there, too, byte for byte\n"
	"  --unused         connect as a device that has been onboarded\n"
	"                   (username \"unused\"; needs no --cert)\n"
	"\n"
	"Exit: 0 approved (--unused: connected), 1 failure, 2 usage, 3 "
	"rejected,\n"
	"4 no answer in time, 5 refused by the broker (--unused).\n";

struct files {
	const char *url, *cert, *key;
};

static int usage(const char *what)
{
	ztp_cli_warn(PROGRAM, "%s (--help tells more)", what);
	return 1 + ZTP_EXIT_USAGE;
}

static int read_options(struct device *device, struct files *files, int argc,
			char **argv)
{
	static const struct option table[] = {
		{"url", required_argument, NULL, 'u'},
		{"ca", required_argument, NULL, 'a'},
		{"cert", required_argument, NULL, 'c'},
		{"key", required_argument, NULL, 'k'},
		{"id", required_argument, NULL, 'i'},
		{"audience", required_argument, NULL, 'A'},
		{"wait", required_argument, NULL, 'w'},
		{"out", required_argument, NULL, 'o'},
		{"unused", no_argument, NULL, 'U'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int64_t number;
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 'u':
			files->url = optarg;
			break;
		case 'a':
			device->ca = optarg;
			break;
		case 'c':
			files->cert = optarg;
			break;
		case 'k':
			files->key = optarg;
			break;
		case 'i':
			device->path = optarg;
			break;
		case 'A':
			device->audience = optarg;
			break;
		case 'w':
			if (!ztp_cli_number(&number, optarg, 1, 86400))
				return usage("--wait: seconds, 1-86400");
			device->wait_s = (int)number;
			break;
		case 'o':
			device->out = optarg;
			break;
		case 'U':
			device->unused = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 1 + ZTP_EXIT_OK;
		case 'V':
			puts(PROGRAM " " ZTP_VERSION);
			return 1 + ZTP_EXIT_OK;
		default:
			return 1 + ZTP_EXIT_USAGE;
		}
	}
	return optind == argc ? 0 : usage("unexpected argument");
}

static int check(const struct device *device, const struct files *files)
{
	struct ztp_path path;

	if (!files->url || !files->key || !device->path ||
	    (!files->cert && !device->unused))
		return usage("--url, --cert, --key and --id are needed");
	if (ztp_path_parse(&path, device->path, strlen(device->path), NULL))
		return usage("--id is no device path");
	if (strncmp(files->url, "mqtt://", 7) != 0 &&
	    strncmp(files->url, "mqtts://", 8) != 0)
		return usage("--url starts with mqtts:// or mqtt://");
	return 0;
}

/* paho's word for mqtts is ssl, for mqtt tcp. */
static char *paho_url(const char *url)
{
	const char *rest = url ? strchr(url, ':') : NULL;
	char *out;

	if (!rest ||
	    asprintf(&out, "%s%s",
		     rest - url == strlen("mqtts") ? "ssl" : "tcp", rest) < 0)
		return NULL;
	return out;
}

static int run(struct device *device, const struct files *files)
{
	char *url = paho_url(files->url), *pem = NULL, *line = NULL;
	int rc = ZTP_EXIT_USAGE;
	struct ztp_error error;
	size_t len;

	device->url = url;
	device->username = "unused";
	device->key = proof_key(files->key);
	if (!device->key || !url) {
		ztp_cli_warn(PROGRAM, "%s: no private key", files->key);
		goto out;
	}
	if (!device->unused) {
		if (ztp_cli_read_file(&pem, &len, files->cert,
				      ZTP_CERT_TEXT_MAX, &error)) {
			ztp_cli_warn(PROGRAM, "%s", error.message);
			goto out;
		}
		device->username = line = proof_certificate(pem);
	}
	if (!device->username)
		ztp_cli_warn(PROGRAM, "%s: no certificate", files->cert);
	else if (ztp_cli_catch_signals())
		rc = (int)session_run(device);
	if (rc == VERDICT_NO_ANSWER)
		ztp_cli_warn(PROGRAM, "no answer in %d s", device->wait_s);
out:
	EVP_PKEY_free(device->key);
	free(line);
	free(pem);
	free(url);
	return rc;
}

int main(int argc, char **argv)
{
	struct device device = {.wait_s = 60};
	struct files files = {.url = NULL};
	int done = read_options(&device, &files, argc, argv);

	if (!done)
		done = check(&device, &files);
	return done ? done - 1 : run(&device, &files);
}
