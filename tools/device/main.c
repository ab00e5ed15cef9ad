/*
 * ztp-device: a simulated device, and an example for firmware authors. It
 * connects with the bootstrap certificate as MQTT username and a JWT signed by
 * its key as password, and then waits on its command topic. The broker either
 * holds a new device or refuses it until it has been approved; then ztp-device
 * tries again, after pauses that grow.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <MQTTClient.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "base/stdio.h"
#include "tools/common/cert_file.h"
#include "tools/common/cli.h"
#include "tools/common/out_file.h"
#include "ztp/cert.h"
#include "ztp/command.h"
#include "ztp/json.h"
#include "ztp/jwt.h"
#include "ztp/member.h"
#include "ztp/path.h"

#define PROGRAM "ztp-device"
#define URL_MAX 512 /* "ssl:" is shorter than "mqtts:" */

enum verdict { APPROVED, FAILED, USAGE, REJECTED, NO_ANSWER, REFUSED };
struct device {
	const char *url, *ca, *cert, *key, *path, *audience, *out;
	bool secure, unused;
	int64_t wait_s;
};

static const char help[] =
	"usage: ztp-device --url mqtts://HOST:PORT --ca FILE --cert FILE\n"
	"  --key FILE --id subscriptions/S/registries/R/devices/D\n"
	"  [--audience A] [--wait SECONDS] [--out FILE] [--unused]\n"
	"Exit: 0 approved (--unused: connected), 1 failure, 2 usage,\n"
	"3 rejected, 4 no answer in time, 5 refused (--unused).\n";

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

/* --- the JWT (RFC 7515, 7519): RS256, or ES256 and ES384 by the curve */

/* Appends base64url: base64 with two different characters and no padding. */
static void append(char *jwt, const char *before, const void *bytes, size_t n)
{
	char *at = stpcpy(jwt + strlen(jwt), before);

	ztp_base64_encode(at, bytes, n);
	for (; *at && *at != '='; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	*at = '\0';
}

/* ECDSA: JWS wants r and s side by side at full length instead of DER. */
static size_t unwrap(unsigned char *signature, size_t len, int half)
{
	const unsigned char *p = signature;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)len);
	bool ok = pair &&
		  BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, half) > 0 &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + half, half) >
			  0;

	ECDSA_SIG_free(pair);
	return ok ? 2 * (size_t)half : 0;
}

static char *make_jwt(const struct device *d, EVP_PKEY *key)
{
	bool ec = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
	int bits = EVP_PKEY_get_bits(key);
	const EVP_MD *hash = ec && bits == 384 ? EVP_sha384() : EVP_sha256();
	const char *alg = !ec		? ZTP_JWT_RSA
			  : bits == 384 ? ZTP_JWT_EC_384
					: ZTP_JWT_EC_256;
	char header[64], claims[2048], *jwt = calloc(1, 8192);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t n = sizeof(signature);
	long long now = ztp_clock_wall() / 1000;

	snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", alg);
	snprintf(claims, sizeof(claims),
		 "{\"iat\":%lld,\"exp\":%lld,\"sub\":\"%s\"%s%s%s}", now,
		 now + 3600, d->path, d->audience ? ",\"aud\":\"" : "",
		 d->audience ? d->audience : "", d->audience ? "\"" : "");
	if (jwt && context &&
	    EVP_DigestSignInit(context, NULL, hash, NULL, key) == 1) {
		append(jwt, "", header, strlen(header));
		append(jwt, ".", claims, strlen(claims));
		if (EVP_DigestSign(context, signature, &n, (void *)jwt,
				   strlen(jwt)) != 1)
			n = 0;
		if (n && ec)
			n = unwrap(signature, n, bits / 8);
		append(jwt, ".", signature, n);
	}
	EVP_MD_CTX_free(context);
	return jwt;
}

/* Connects, with a new JWT each time because the last may have expired, and
 * with a session that is kept, so that it receives an answer that comes while
 * it is away. Returns CONNACK's reason code. */
static int connect_now(const struct device *d, MQTTClient client, EVP_PKEY *key,
		       const char *username)
{
	MQTTClient_connectOptions how = MQTTClient_connectOptions_initializer5;
	MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTProperty week = {.identifier =
				     MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
			     .value.integer4 = 7 * 24 * 3600};
	char *jwt = make_jwt(d, key);
	MQTTResponse response;

	tls.trustStore = d->ca;
	tls.verify = 1;
	how.ssl = d->secure ? &tls : NULL;
	how.cleanstart = 0;
	how.connectTimeout = 10;
	how.username = username;
	how.password = jwt;
	MQTTProperties_add(&properties, &week);
	response = MQTTClient_connect5(client, &how, &properties, NULL);
	if (response.reasonCode != MQTTREASONCODE_SUCCESS)
		ztp_cli_warn(PROGRAM, "cannot connect: reason code %d",
			     response.reasonCode);
	MQTTResponse_free(response);
	MQTTProperties_free(&properties);
	free(jwt);
	return response.reasonCode;
}

/* Prints a message and, if it is the answer ("pending" is not), saves it. A
 * user property or a member of the envelope says what it is. */
static enum verdict read_message(const struct device *d,
				 const MQTTClient_message *message)
{
	const MQTTProperty *p = message->properties.array;
	size_t len = (size_t)message->payloadlen;
	struct ztp_field field = {.name = "status"};
	struct ztp_str text = {message->payload, len};
	struct ztp_object envelope;
	char status[16] = "";
	struct ztp_error error;

	for (int i = 0; i < message->properties.count; i++, p++)
		if (p->identifier == MQTTPROPERTY_CODE_USER_PROPERTY &&
		    p->value.data.len == 6 &&
		    memcmp(p->value.data.data, ZTP_M_STATUS, 6) == 0)
			snprintf(status, sizeof(status), "%.*s",
				 p->value.value.len, p->value.value.data);
	if (ztp_object_read(&envelope, &field, 1, text, 1 << 20, NULL) == 0) {
		if (!*status &&
		    ztp_object_string(&text, &envelope, 0, 15, NULL) == 0)
			snprintf(status, sizeof(status), "%.*s", (int)text.n,
				 text.p ? text.p : "");
		ztp_object_clear(&envelope);
	}
	fwrite(message->payload, 1, len, stdout);
	puts("");
	fflush(stdout);
	if (strcmp(status, ZTP_STATUS_APPROVED) != 0 &&
	    strcmp(status, ZTP_STATUS_REJECTED) != 0)
		return NO_ANSWER;
	if (d->out &&
	    ztp_out_file_write(d->out, message->payload, len, &error) != 0) {
		ztp_cli_warn(PROGRAM, "%s", error.message);
		return FAILED;
	}
	return *status == 'a' ? APPROVED : REJECTED;
}

static enum verdict listen_until(const struct device *d, MQTTClient client,
				 int64_t deadline)
{
	enum verdict verdict = NO_ANSWER;
	char topic[ZTP_TOPIC_MAX], *name = NULL;
	MQTTClient_message *message;
	MQTTResponse response;
	int len;

	snprintf(topic, sizeof(topic), "%s/commands", d->path);
	response = MQTTClient_subscribe5(client, topic, 1, NULL, NULL);
	MQTTResponse_free(response);
	if (response.reasonCode < 0 || response.reasonCode >= 0x80)
		return NO_ANSWER;
	while (verdict == NO_ANSWER && ztp_clock_boot() < deadline &&
	       MQTTClient_isConnected(client)) {
		message = NULL;
		MQTTClient_receive(client, &name, &len, &message, 200);
		if (!message)
			continue;
		verdict = read_message(d, message);
		MQTTClient_freeMessage(&message);
		MQTTClient_free(name);
	}
	return verdict;
}

static enum verdict run(const struct device *d, EVP_PKEY *key,
			const char *username)
{
	MQTTClient_createOptions how = MQTTClient_createOptions_initializer;
	int64_t deadline = ztp_clock_boot() + d->wait_s * 1000;
	struct timespec rest = {.tv_sec = 1};
	enum verdict verdict = NO_ANSWER;
	MQTTClient client;
	char url[URL_MAX];

	how.MQTTVersion = MQTTVERSION_5;
	snprintf(url, sizeof(url), "%s%s", d->secure ? "ssl" : "tcp",
		 strchr(d->url, ':')); /* paho's scheme */
	if (MQTTClient_createWithOptions(&client, url, d->path,
					 MQTTCLIENT_PERSISTENCE_NONE, NULL,
					 &how) != MQTTCLIENT_SUCCESS)
		return FAILED;
	while (verdict == NO_ANSWER && ztp_clock_boot() < deadline) {
		int reason = connect_now(d, client, key, username);

		if (d->unused && reason >= 0)
			verdict = reason == 0 ? APPROVED : REFUSED;
		else if (reason == 0)
			verdict = listen_until(d, client, deadline);
		MQTTClient_disconnect(client, 1000);
		if (verdict == NO_ANSWER)
			nanosleep(&rest, NULL);
		rest.tv_sec = rest.tv_sec < 4 ? 2 * rest.tv_sec : 5;
	}
	MQTTClient_destroy(&client);
	return verdict;
}

static bool is_valid(const struct device *d)
{
	struct ztp_path path;

	return d->url && ztp_cli_is_url(d->url, NULL) &&
	       strlen(d->url) < URL_MAX && d->key && (d->cert || d->unused) &&
	       d->path &&
	       ztp_path_parse(&path, d->path, strlen(d->path), NULL) == 0 &&
	       (!d->audience ||
		(!strpbrk(d->audience, "\"\\\n\r\t") &&
		 strlen(d->audience) <= 512 &&
		 ztp_utf8_valid(d->audience, strlen(d->audience))));
}

static int read_files(const struct device *d, EVP_PKEY **key, char **pem,
		      struct ztp_error *error)
{
	int rc = ztp_key_file_read(key, d->key, error);

	if (rc == 0 && d->cert)
		rc = ztp_cert_file_first(pem, d->cert, error);
	if (rc == 0 && d->ca)
		rc = ztp_cert_file_check_cas(d->ca, error);
	return rc;
}

int main(int argc, char **argv)
{
	static char unused[] = "unused";
	static const struct option table[] = {
		{"url", 1, NULL, 0},	  {"ca", 1, NULL, 1},
		{"cert", 1, NULL, 2},	  {"key", 1, NULL, 3},
		{"id", 1, NULL, 4},	  {"audience", 1, NULL, 5},
		{"out", 1, NULL, 6},	  {"wait", 1, NULL, 7},
		{"unused", 0, NULL, 8},	  {"help", 0, NULL, 9},
		{"version", 0, NULL, 10}, {NULL, 0, NULL, 0}};
	struct device d = {.wait_s = 60};
	const char **texts[] = {&d.url,	 &d.ca,	      &d.cert, &d.key,
				&d.path, &d.audience, &d.out};
	struct ztp_error error;
	EVP_PKEY *key = NULL;
	char *pem = NULL;
	int c, rc;

	if (!ztp_stdio_prepare())
		return FAILED;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		if (c >= 0 && c < 7)
			*texts[c] = optarg;
		else if (c == 7 &&
			 ztp_number_parse(&d.wait_s, optarg, 1, 86400))
			continue;
		else if (c == 8)
			d.unused = true;
		else if (c == 9 || c == 10)
			return puts(c == 9 ? help : PROGRAM " " ZTP_VERSION) <
			       0;
		else if (c == 7)
			return ztp_cli_usage(PROGRAM, "bad value: %s", optarg);
		else
			return ztp_cli_bad_option(PROGRAM, c, argv);
	}
	if (optind != argc || !is_valid(&d))
		return ztp_cli_usage(PROGRAM,
				     "an option is missing or not valid");
	(void)ztp_cli_is_url(d.url, &d.secure);
	if (read_files(&d, &key, &pem, &error) != 0)
		rc = ztp_cli_usage(PROGRAM, "%s", error.message);
	else
		rc = (int)run(&d, key,
			      pem && !d.unused ? one_line(pem) : unused);
	EVP_PKEY_free(key);
	free(pem);
	return rc;
}
