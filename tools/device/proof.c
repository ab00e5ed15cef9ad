/*
 * Proof of possession: a JWT (RFC 7519) signed with the certificate's key.
 * RS256 for RSA, ES256 for P-256, ES384 for P-384; `iat` and `exp` are needed,
 * `aud` is the registry's audience, `sub` the device's path.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cjson/cJSON.h>

#include "tools/device/device.h"

#define LIFETIME_S 3600
#define BEGIN	   "-----BEGIN CERTIFICATE-----"
#define END	   "-----END CERTIFICATE-----"

char *proof_certificate(const char *pem)
{
	const char *from = strstr(pem, BEGIN);
	const char *to = from ? strstr(from, END) : NULL;
	char *line = to ? malloc((size_t)(to - from) + sizeof(END)) : NULL;
	size_t n = 0;

	if (!line)
		return NULL;
	for (to += strlen(END); from < to; from++)
		if (*from != '\n' && *from != '\r')
			line[n++] = *from;
	line[n] = '\0';
	return line;
}

void *proof_key(const char *file)
{
	FILE *stream = fopen(file, "rbe");
	EVP_PKEY *key = NULL;

	if (stream) {
		key = PEM_read_PrivateKey(stream, NULL, NULL, NULL);
		fclose(stream);
	}
	return key;
}

/* base64url is base64 with two other characters and no padding. */
static void append(char *jwt, const void *bytes, size_t n)
{
	char *at = jwt + strlen(jwt);

	EVP_EncodeBlock((unsigned char *)at, bytes, (int)n);
	for (; *at; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	while (at[-1] == '=')
		*--at = '\0';
}

static void add_dot(char *jwt)
{
	size_t len = strlen(jwt);

	jwt[len] = '.';
	jwt[len + 1] = '\0';
}

/* ECDSA: JWS wants r and s side by side at full length, not DER. */
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

static size_t sign(unsigned char *signature, size_t size, EVP_PKEY *key,
		   const EVP_MD *hash, const char *text)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context ||
	    EVP_DigestSignInit(context, NULL, hash, NULL, key) != 1 ||
	    EVP_DigestSign(context, signature, &size,
			   (const unsigned char *)text, strlen(text)) != 1)
		size = 0;
	EVP_MD_CTX_free(context);
	if (size && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		size = unwrap(signature, size,
			      (EVP_PKEY_get_bits(key) + 7) / 8);
	return size;
}

static char *make_claims(const struct device *device)
{
	cJSON *claims = cJSON_CreateObject();
	double now = (double)time(NULL);
	char *text;

	cJSON_AddNumberToObject(claims, "iat", now);
	cJSON_AddNumberToObject(claims, "exp", now + LIFETIME_S);
	cJSON_AddStringToObject(claims, "sub", device->path);
	if (device->audience)
		cJSON_AddStringToObject(claims, "aud", device->audience);
	text = cJSON_PrintUnformatted(claims);
	cJSON_Delete(claims);
	return text;
}

char *proof_jwt(const struct device *device)
{
	EVP_PKEY *key = device->key;
	bool ec = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
	bool p384 = ec && EVP_PKEY_get_bits(key) == 384;
	const char *header = p384 ? "{\"alg\":\"ES384\",\"typ\":\"JWT\"}"
			     : ec ? "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"
				  : "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	char *claims = make_claims(device);
	unsigned char signature[1024];
	char *jwt = NULL;
	size_t n = 0;

	if (claims)
		jwt = calloc(1, 2 * strlen(claims) + 2 * sizeof(signature));
	if (jwt) {
		append(jwt, header, strlen(header));
		add_dot(jwt);
		append(jwt, claims, strlen(claims));
		n = sign(signature, sizeof(signature), key,
			 p384 ? EVP_sha384() : EVP_sha256(), jwt);
	}
	if (n) {
		add_dot(jwt);
		append(jwt, signature, n);
	} else {
		free(jwt);
		jwt = NULL;
	}
	cJSON_free(claims);
	return jwt;
}
