/*
 * tests/bench/keys.c - makes new devices for scripts/bench-onboard: a
 * certificate each, signed by the registry's CA, and the JWT that proves its
 * key. Prints a line for each: path, certificate in base64, JWT.
 *
 *	keys --ca-cert F --ca-key F --kind p256|rsa2048 --keys N
 *	     --count N --registry S/R --prefix P --audience A
 *
 * An RSA key takes some 100 ms, so devices may share keys; certificates are
 * never shared.
 */
#include <getopt.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ztp/codec.h"

#define LIFETIME_S (20 * 3600)
#define TEXT_MAX   16384
#define HALF	   32 /* of a P-256 signature */

struct maker {
	X509 *ca;
	EVP_PKEY *ca_key, **keys;
	bool ec;
	long count, key_count;
	const char *registry, *prefix, *audience;
};

static void die(const char *what)
{
	fprintf(stderr, "keys: %s\n", what);
	exit(1);
}

static void *need(void *found)
{
	if (!found)
		die("OpenSSL failed");
	return found;
}

static void must(bool holds)
{
	if (!holds)
		die("OpenSSL failed");
}

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		die(path);
	return file;
}

/* ---- the certificate */

static X509 *issue(const struct maker *maker, EVP_PKEY *key, long number)
{
	X509 *cert = need(X509_new());
	X509_NAME *name = X509_get_subject_name(cert);

	must(ASN1_INTEGER_set_int64(X509_get_serialNumber(cert),
				    (int64_t)time(NULL) * 1000000 + number) &&
	     X509_gmtime_adj(X509_getm_notBefore(cert), -60) &&
	     X509_gmtime_adj(X509_getm_notAfter(cert), 30L * 24 * 3600) &&
	     X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					(const uint8_t *)"unused-device", -1,
					-1, 0) &&
	     X509_set_issuer_name(cert, X509_get_subject_name(maker->ca)) &&
	     X509_set_pubkey(cert, key) &&
	     X509_sign(cert, maker->ca_key, EVP_sha256()) > 0);
	return cert;
}

static void print_certificate(X509 *cert)
{
	char text[TEXT_MAX];
	uint8_t *der = NULL;
	int len = i2d_X509(cert, &der);

	must(len > 0 && (size_t)len * 4 / 3 + 8 < sizeof(text));
	ztp_base64_encode(text, der, (size_t)len);
	fputs(text, stdout);
	OPENSSL_free(der);
}

/* ---- the JWT */

static char *append(char *at, const void *bytes, size_t len)
{
	ztp_base64_encode(at, bytes, len);
	for (; *at && *at != '='; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	*at = '\0';
	return at;
}

/* JWS has r and s side by side instead of DER. */
static size_t unwrap(uint8_t *signature, size_t len)
{
	const uint8_t *p = signature;
	ECDSA_SIG *pair = need(d2i_ECDSA_SIG(NULL, &p, (long)len));

	must(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, HALF) == HALF &&
	     BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + HALF, HALF) ==
		     HALF);
	ECDSA_SIG_free(pair);
	return 2 * (size_t)HALF;
}

static void print_jwt(const struct maker *maker, EVP_PKEY *key,
		      const char *path)
{
	char claims[2048], header[64], jwt[TEXT_MAX], *at = jwt;
	EVP_MD_CTX *context = need(EVP_MD_CTX_new());
	long long now = time(NULL);
	uint8_t signature[1024];
	size_t len = sizeof(signature);

	snprintf(header, sizeof(header), "{\"alg\":\"%s\"}",
		 maker->ec ? "ES256" : "RS256");
	snprintf(claims, sizeof(claims),
		 "{\"iat\":%lld,\"exp\":%lld,\"sub\":\"%s\",\"aud\":\"%s\"}",
		 now, now + LIFETIME_S, path, maker->audience);
	at = append(at, header, strlen(header));
	*at++ = '.';
	at = append(at, claims, strlen(claims));
	must(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	     EVP_DigestSign(context, signature, &len, (uint8_t *)jwt,
			    (size_t)(at - jwt)) == 1);
	if (maker->ec)
		len = unwrap(signature, len);
	*at++ = '.';
	append(at, signature, len);
	fputs(jwt, stdout);
	EVP_MD_CTX_free(context);
}

/* ---- */

static void make_keys(struct maker *maker)
{
	maker->keys =
		need(calloc((size_t)maker->key_count, sizeof(*maker->keys)));
	for (long i = 0; i < maker->key_count; i++)
		maker->keys[i] = need(maker->ec ? EVP_EC_gen("P-256")
						: EVP_RSA_gen(2048));
}

static void print_device(const struct maker *maker, long number)
{
	EVP_PKEY *key = maker->keys[number % maker->key_count];
	X509 *cert = issue(maker, key, number);
	const char *slash = strchr(maker->registry, '/');
	char path[1024];

	snprintf(path, sizeof(path),
		 "subscriptions/%.*s/registries/%s/devices/%s-%ld",
		 (int)(slash - maker->registry), maker->registry, slash + 1,
		 maker->prefix, number);
	printf("%s\t", path);
	print_certificate(cert);
	putchar('\t');
	print_jwt(maker, key, path);
	putchar('\n');
	X509_free(cert);
}

static void take(struct maker *maker, int option, const char *value)
{
	FILE *file;

	switch (option) {
	case 'c':
	case 'k':
		file = open_file(value);
		if (option == 'c')
			maker->ca = need(PEM_read_X509(file, NULL, NULL, NULL));
		else
			maker->ca_key = need(
				PEM_read_PrivateKey(file, NULL, NULL, NULL));
		fclose(file);
		break;
	case 't':
		maker->ec = strcmp(value, "p256") == 0;
		break;
	case 'K':
		maker->key_count = strtol(value, NULL, 10);
		break;
	case 'n':
		maker->count = strtol(value, NULL, 10);
		break;
	case 'r':
		maker->registry = value;
		break;
	case 'p':
		maker->prefix = value;
		break;
	case 'a':
		maker->audience = value;
		break;
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"ca-cert", 1, NULL, 'c'}, {"ca-key", 1, NULL, 'k'},
		{"kind", 1, NULL, 't'},	   {"keys", 1, NULL, 'K'},
		{"count", 1, NULL, 'n'},   {"registry", 1, NULL, 'r'},
		{"prefix", 1, NULL, 'p'},  {"audience", 1, NULL, 'a'},
		{NULL, 0, NULL, 0},
	};
	struct maker maker = {.key_count = 1};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take(&maker, option, optarg);
	if (!maker.ca || !maker.ca_key || !maker.registry || !maker.prefix ||
	    !maker.audience || !strchr(maker.registry, '/') ||
	    maker.count < 1 || maker.key_count < 1)
		die("usage: see the head of tests/bench/keys.c");
	make_keys(&maker);
	for (long i = 0; i < maker.count; i++)
		print_device(&maker, i);
	for (long i = 0; i < maker.key_count; i++)
		EVP_PKEY_free(maker.keys[i]);
	free(maker.keys);
	EVP_PKEY_free(maker.ca_key);
	X509_free(maker.ca);
	return fflush(stdout) != 0;
}
