/*
 * The device's JWT in JWS compact serialization (RFC 7515 section 7.1).
 */
#include "tools/device/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>

#include "base/clock.h"
#include "ztp/codec.h"
#include "ztp/jwt.h"

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

char *device_jwt(const struct device *d, EVP_PKEY *key)
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
