/*
 * tests/bench/crypto.c - what one CONNECT costs in cryptography. bare: only
 * OpenSSL's verification of the JWT's signature, with a key that is ready.
 * known: the same in policy/, with key, JSON and claims. first: a first
 * connection, with certificate, chain and JWT. CPU time, the best of ten
 * rounds.
 *
 *	crypto LEAF_CERT_FILE CA_FILE JWT_FILE
 */
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ztp/cert.h"
#include "ztp/chain.h"
#include "ztp/codec.h"
#include "ztp/jwt.h"
#include "ztp/key.h"

#define ROUNDS	 10
#define EACH	 200
#define FILE_MAX (64 * 1024)

struct work {
	char leaf[FILE_MAX], ca_pem[FILE_MAX], jwt[FILE_MAX];
	struct ztp_cert cert;
	struct ztp_ca *ca;
	EVP_PKEY *key;
	uint8_t signature[1024];
	size_t signature_len;
};

static void die(const char *what)
{
	fprintf(stderr, "crypto: %s\n", what);
	exit(1);
}

static void read_text(char *out, const char *path, bool line)
{
	FILE *file = fopen(path, "r");
	size_t n;

	if (!file)
		die(path);
	n = fread(out, 1, FILE_MAX - 1, file);
	out[n] = '\0';
	if (line)
		out[strcspn(out, "\r\n")] = '\0';
	if (fclose(file) != 0)
		die(path);
}

static int64_t wall_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

/* Only OpenSSL. */
static void bare(struct work *w)
{
	size_t len = (size_t)(strrchr(w->jwt, '.') - w->jwt);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context ||
	    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, w->key) !=
		    1 ||
	    EVP_DigestVerify(context, w->signature, w->signature_len,
			     (const uint8_t *)w->jwt, len) != 1)
		die("not verified");
	EVP_MD_CTX_free(context);
}

static void known(struct work *w)
{
	struct ztp_jwt_rules rules = {.now_ms = wall_ms(),
				      .skew_ms = ZTP_JWT_SKEW_MS};
	struct ztp_key *key = NULL;

	if (ztp_key_from_spki(&key, w->cert.spki.p, w->cert.spki.n, NULL) ||
	    ztp_jwt_verify(NULL, w->jwt, strlen(w->jwt), key, &rules, NULL))
		die("not verified");
	ztp_key_free(key);
}

static void first(struct work *w)
{
	struct ztp_cert cert;

	if (ztp_cert_parse(&cert, w->leaf, strlen(w->leaf), NULL) != 0 ||
	    ztp_chain_check(&cert, &w->ca, 1, wall_ms(), NULL, NULL) != 0)
		die("not accepted");
	ztp_cert_clear(&cert);
	known(w);
}

static double measure(struct work *w, void (*run)(struct work *w))
{
	double best = 1e12;

	for (int i = 0; i < ROUNDS; i++) {
		struct timespec a, b;
		double us;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		for (int j = 0; j < EACH; j++)
			run(w);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		us = ((double)(b.tv_sec - a.tv_sec) * 1e6 +
		      (double)(b.tv_nsec - a.tv_nsec) / 1e3) /
		     EACH;
		best = us < best ? us : best;
	}
	return best;
}

/* Reads the signature in its JWS form; an EC one is converted to the DER that
 * OpenSSL expects. */
static void read_signature(struct work *w)
{
	const char *text = strrchr(w->jwt, '.');
	uint8_t raw[512], *out = NULL;
	ECDSA_SIG *pair;
	long n = text ? ztp_base64url_decode(raw, sizeof(raw), text + 1,
					     strlen(text + 1))
		      : -1;
	int len;

	if (n < 0)
		die("no JWT");
	if (w->cert.key_algorithm == ZTP_KEY_RSA) {
		memcpy(w->signature, raw, (size_t)n);
		w->signature_len = (size_t)n;
		return;
	}
	pair = ECDSA_SIG_new();
	ECDSA_SIG_set0(pair, BN_bin2bn(raw, (int)n / 2, NULL),
		       BN_bin2bn(raw + n / 2, (int)n / 2, NULL));
	len = i2d_ECDSA_SIG(pair, &out);
	if (len < 0 || (size_t)len > sizeof(w->signature))
		die("signature");
	memcpy(w->signature, out, (size_t)len);
	w->signature_len = (size_t)len;
	OPENSSL_free(out);
	ECDSA_SIG_free(pair);
}

int main(int argc, char **argv)
{
	static struct work w;
	const uint8_t *at;

	if (argc != 4)
		die("usage: crypto LEAF CA JWT");
	read_text(w.leaf, argv[1], false);
	read_text(w.ca_pem, argv[2], false);
	read_text(w.jwt, argv[3], true);
	if (ztp_cert_parse(&w.cert, w.leaf, strlen(w.leaf), NULL) != 0 ||
	    ztp_ca_parse(&w.ca, w.ca_pem, strlen(w.ca_pem), NULL) != 0)
		die("certificates");
	at = (const uint8_t *)w.cert.spki.p;
	w.key = d2i_PUBKEY(NULL, &at, (long)w.cert.spki.n);
	if (!w.key)
		die("key");
	read_signature(&w);
	printf("{\"bare_us\":%.1f,\"known_us\":%.1f,\"first_us\":%.1f}\n",
	       measure(&w, bare), measure(&w, known), measure(&w, first));
	EVP_PKEY_free(w.key);
	ztp_cert_clear(&w.cert);
	ztp_ca_free(w.ca);
	return 0;
}
