#include "ztp_device.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <mbedtls/asn1.h>
#include <mbedtls/base64.h>
#include <mbedtls/bignum.h>
#include <mbedtls/md.h>
#include <mbedtls/version.h>

#define SIGNATURE_MAX 512 /* RSA 4096 */

int ztp_username(char *out, size_t size, const char *pem)
{
	const char *begin = strstr(pem, "-----BEGIN CERTIFICATE-----");
	const char *end = strstr(pem, "-----END CERTIFICATE-----");
	size_t n = 0;

	if (!begin || !end)
		return -1;
	begin = strchr(begin, '\n');
	for (const char *p = begin; p && p < end; p++) {
		if (*p == '\n' || *p == '\r' || *p == ' ')
			continue;
		if (n + 1 >= size)
			return -1;
		out[n++] = *p;
	}
	out[n] = '\0';
	return n > 0 ? (int)n : -1;
}

/* Appends a separator and bytes in base64url: two other characters than base64,
 * no padding. */
static int append(char *out, size_t size, const char *separator,
		  const void *bytes, size_t len)
{
	size_t used = strlen(out), n = strlen(separator);
	char *at = out + used + n;

	if (used + n >= size)
		return -1;
	memcpy(out + used, separator, n + 1);
	if (mbedtls_base64_encode((unsigned char *)at, size - used - n, &n,
				  bytes, len) != 0)
		return -1;
	for (; *at && *at != '='; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	*at = '\0';
	return 0;
}

static int write_integer(unsigned char **at, const unsigned char *end,
			 uint8_t *out, size_t size)
{
	mbedtls_mpi number;
	int rc;

	mbedtls_mpi_init(&number);
	rc = mbedtls_asn1_get_mpi(at, end, &number);
	if (rc == 0)
		rc = mbedtls_mpi_write_binary(&number, out, size);
	mbedtls_mpi_free(&number);
	return rc;
}

int ztp_raw_signature(uint8_t *out, size_t half, const uint8_t *der, size_t len)
{
	unsigned char *at = (unsigned char *)der; /* only read */
	const unsigned char *end = der + len;
	size_t n;

	if (mbedtls_asn1_get_tag(&at, end, &n,
				 MBEDTLS_ASN1_CONSTRUCTED |
					 MBEDTLS_ASN1_SEQUENCE) != 0 ||
	    write_integer(&at, end, out, half) != 0 ||
	    write_integer(&at, end, out + half, half) != 0 || at != end)
		return -1;
	return 0;
}

static int sign(uint8_t *signature, size_t *len, const char *text,
		mbedtls_pk_context *key, ztp_rng rng, void *rng_arg)
{
	uint8_t hash[32], der[SIGNATURE_MAX];
	size_t n;

	if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
		       (const unsigned char *)text, strlen(text), hash) != 0)
		return -1;
#if MBEDTLS_VERSION_MAJOR >= 3
	if (mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, hash, sizeof(hash), der,
			    sizeof(der), &n, rng, rng_arg) != 0)
		return -1;
#else
	if (mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, hash, sizeof(hash), der, &n,
			    rng, rng_arg) != 0)
		return -1;
#endif
	if (mbedtls_pk_can_do(key, MBEDTLS_PK_RSA)) {
		memcpy(signature, der, n);
		*len = n;
		return 0;
	}
	*len = 64;
	return ztp_raw_signature(signature, 32, der, n);
}

/* Nothing has to be escaped: a device path has no such characters. */
static int write_claims(char *out, size_t size, const struct ztp_claims *claims)
{
	int n;

	if (strpbrk(claims->audience, "\"\\") || strpbrk(claims->path, "\"\\"))
		return -1;
	n = snprintf(out, size,
		     "{\"iat\":%" PRId64 ",\"exp\":%" PRId64
		     ",\"aud\":\"%s\",\"sub\":\"%s\"}",
		     claims->now, claims->now + ZTP_JWT_S, claims->audience,
		     claims->path);
	return n > 0 && (size_t)n < size ? n : -1;
}

int ztp_jwt(char *out, size_t size, const struct ztp_claims *claims,
	    mbedtls_pk_context *key, ztp_rng rng, void *rng_arg)
{
	bool rsa = mbedtls_pk_can_do(key, MBEDTLS_PK_RSA);
	const char *header = rsa ? "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
				 : "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";
	uint8_t signature[SIGNATURE_MAX];
	char text[1024];
	size_t len;
	int n;

	if (!rsa && (!mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA) ||
		     mbedtls_pk_get_bitlen(key) != 256))
		return -1;
	n = write_claims(text, sizeof(text), claims);
	*out = '\0';
	if (n < 0 || append(out, size, "", header, strlen(header)) != 0 ||
	    append(out, size, ".", text, (size_t)n) != 0 ||
	    sign(signature, &len, out, key, rng, rng_arg) != 0 ||
	    append(out, size, ".", signature, len) != 0)
		return -1;
	return (int)strlen(out);
}
