#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "ztp/codec.h"

EVP_PKEY *certs_key(const char *kind)
{
	EVP_PKEY *key = NULL;

	if (strncmp(kind, "rsa:", 4) == 0)
		key = EVP_RSA_gen((unsigned)strtoul(kind + 4, NULL, 10));
	else if (strncmp(kind, "ec:", 3) == 0)
		key = EVP_EC_gen(kind + 3);
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	assert_non_null(key);
	return key;
}

static void set_name(X509_NAME *name, const char *text)
{
	char *copy = strdup(text), *save = NULL;

	assert_non_null(copy);
	for (char *item = strtok_r(copy, "/", &save); item;
	     item = strtok_r(NULL, "/", &save)) {
		char *value = strchr(item, '=');

		assert_non_null(value);
		*value++ = '\0';
		assert_int_equal(
			X509_NAME_add_entry_by_txt(name, item, MBSTRING_UTF8,
						   (const unsigned char *)value,
						   -1, -1, 0),
			1);
	}
	free(copy);
}

/* In days, because a 32-bit time_t ends in 2038. */
static void set_time(ASN1_TIME *time, int64_t ms)
{
	assert_non_null(ASN1_TIME_adj(time, 0, (int)(ms / CERTS_DAY_MS),
				      (long)(ms % CERTS_DAY_MS / 1000)));
}

static void set_times(X509 *x509, const struct certs_spec *spec)
{
	int64_t from = spec->not_before_ms, to = spec->not_after_ms;

	if (from == 0 && to == 0) {
		from = CERTS_NOW - CERTS_DAY_MS;
		to = CERTS_NOW + CERTS_DAY_MS;
	}
	set_time(X509_getm_notBefore(x509), from);
	set_time(X509_getm_notAfter(x509), to);
}

static void add_extensions(X509 *x509, X509 *issuer,
			   const char *const *extensions)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	for (; extensions && *extensions; extensions += 2) {
		X509_EXTENSION *extension = X509V3_EXT_conf(
			NULL, &context, extensions[0], extensions[1]);

		assert_non_null(extension);
		assert_int_equal(X509_add_ext(x509, extension, -1), 1);
		X509_EXTENSION_free(extension);
	}
}

void certs_sign(X509 *x509, EVP_PKEY *key, const EVP_MD *digest)
{
	assert_true(X509_sign(x509, key, digest) > 0);
}

X509 *certs_twin(const X509 *x509, EVP_PKEY *key)
{
	X509 *twin = X509_dup((X509 *)(uintptr_t)x509);
	const ASN1_BIT_STRING *bits = NULL;
	BIGNUM *r = NULL, *s = NULL, *n = NULL;
	const uint8_t *at;
	uint8_t *der = NULL;
	ECDSA_SIG *sig;
	int len;

	assert_non_null(twin);
	X509_get0_signature(&bits, NULL, twin);
	at = bits->data;
	sig = d2i_ECDSA_SIG(NULL, &at, bits->length);
	assert_non_null(sig);
	assert_int_equal(
		EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &n), 1);
	r = BN_dup(ECDSA_SIG_get0_r(sig));
	s = BN_new();
	assert_int_equal(BN_sub(s, n, ECDSA_SIG_get0_s(sig)), 1);
	assert_int_equal(ECDSA_SIG_set0(sig, r, s), 1);
	len = i2d_ECDSA_SIG(sig, &der);
	assert_int_equal(
		ASN1_STRING_set((ASN1_STRING *)(uintptr_t)bits, der, len), 1);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	BN_free(n);
	return twin;
}

X509 *certs_make(const struct certs_spec *spec)
{
	int version = spec->version ? spec->version : spec->extensions ? 3 : 1;
	X509 *x509 = X509_new();
	X509 *issuer = spec->issuer ? spec->issuer : x509;

	assert_non_null(x509);
	assert_int_equal(X509_set_version(x509, version - 1), 1);
	assert_int_equal(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509),
						 0x14fd0a5b6c7d8e9f),
			 1);
	set_name(X509_get_subject_name(x509),
		 spec->subject ? spec->subject : "/CN=unused-device");
	assert_int_equal(
		X509_set_issuer_name(x509, X509_get_subject_name(issuer)), 1);
	set_times(x509, spec);
	assert_int_equal(X509_set_pubkey(x509, spec->key), 1);
	add_extensions(x509, issuer, spec->extensions);
	certs_sign(x509, spec->issuer_key ? spec->issuer_key : spec->key,
		   spec->digest ? spec->digest : EVP_sha256());
	return x509;
}

X509 *certs_ca(EVP_PKEY *key, const char *subject)
{
	static const char *const extensions[] = {
		"basicConstraints", "critical,CA:TRUE", "keyUsage",
		"critical,keyCertSign,cRLSign", NULL};
	struct certs_spec spec = {.key = key,
				  .subject = subject,
				  .extensions = extensions,
				  .not_before_ms = CERTS_NOW - 9 * CERTS_DAY_MS,
				  .not_after_ms = CERTS_NOW + 9 * CERTS_DAY_MS};

	return certs_make(&spec);
}

static char *bio_text(BIO *bio)
{
	char *data = NULL, *text;
	long len = BIO_get_mem_data(bio, &data);

	assert_true(len > 0);
	text = strndup(data, (size_t)len);
	assert_non_null(text);
	BIO_free(bio);
	return text;
}

char *certs_pem(X509 *x509)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
	return bio_text(bio);
}

char *certs_spki_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	return bio_text(bio);
}

/* Copies OpenSSL's memory to malloc's and frees it. */
static uint8_t *adopt(unsigned char *bytes, int len, size_t *out_len)
{
	uint8_t *copy;

	assert_true(len > 0);
	copy = certs_exact(bytes, (size_t)len);
	OPENSSL_free(bytes);
	*out_len = (size_t)len;
	return copy;
}

uint8_t *certs_der(X509 *x509, size_t *len)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x509, &der);

	return adopt(der, n, len);
}

uint8_t *certs_spki(EVP_PKEY *key, size_t *len)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);

	return adopt(der, n, len);
}

char *certs_base64(X509 *x509)
{
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	char *text = malloc(4 * ((len + 2) / 3) + 1);

	assert_non_null(text);
	ztp_base64_encode(text, der, len);
	free(der);
	return text;
}

char *certs_lines(const char *pem, const char *newline)
{
	size_t step = strlen(newline), len = 0;
	char *out = malloc(strlen(pem) * (step + 1) + 1);

	assert_non_null(out);
	for (; *pem; pem++) {
		if (*pem == '\n') {
			memcpy(out + len, newline, step);
			len += step;
		} else {
			out[len++] = *pem;
		}
	}
	out[len] = '\0';
	return out;
}

char *certs_base64url(const void *bytes, size_t len)
{
	char *text = malloc(4 * ((len + 2) / 3) + 1), *end;

	assert_non_null(text);
	end = text + ztp_base64_encode(text, bytes, len);
	while (end > text && end[-1] == '=')
		*--end = '\0';
	for (char *at = text; *at; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	return text;
}

static uint8_t *fixed_pair(uint8_t *der, size_t der_len, int half, size_t *len)
{
	const uint8_t *at = der;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
	uint8_t *out = malloc(2 * (size_t)half);

	assert_non_null(pair);
	assert_non_null(out);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, half), half);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + half, half),
			 half);
	ECDSA_SIG_free(pair);
	free(der);
	*len = 2 * (size_t)half;
	return out;
}

uint8_t *certs_signature(EVP_PKEY *key, const void *data, size_t len,
			 size_t *signature_len)
{
	bool ec = EVP_PKEY_is_a(key, "EC");
	int bits = EVP_PKEY_get_bits(key);
	const EVP_MD *digest = ec && bits == 384 ? EVP_sha384() : EVP_sha256();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t *signature;

	assert_int_equal(EVP_DigestSignInit(context, NULL, digest, NULL, key),
			 1);
	assert_int_equal(
		EVP_DigestSign(context, NULL, signature_len, data, len), 1);
	signature = malloc(*signature_len);
	assert_non_null(signature);
	assert_int_equal(
		EVP_DigestSign(context, signature, signature_len, data, len),
		1);
	EVP_MD_CTX_free(context);
	if (ec)
		return fixed_pair(signature, *signature_len, bits / 8,
				  signature_len);
	return signature;
}

char *certs_jwt(EVP_PKEY *key, const char *header, const char *claims)
{
	char *first = certs_base64url(header, strlen(header));
	char *second = certs_base64url(claims, strlen(claims));
	char *third, *text = NULL, *jwt = NULL;
	uint8_t *signature;
	size_t len;

	assert_true(asprintf(&text, "%s.%s", first, second) > 0);
	signature = certs_signature(key, text, strlen(text), &len);
	third = certs_base64url(signature, len);
	assert_true(asprintf(&jwt, "%s.%s", text, third) > 0);
	free(first);
	free(second);
	free(third);
	free(text);
	free(signature);
	return jwt;
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *builder)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params),
		1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return key;
}

EVP_PKEY *certs_jwk_rsa(const char *n)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	uint8_t bytes[512];
	long len = ztp_base64url_decode(bytes, sizeof bytes, n, strlen(n));
	BIGNUM *modulus, *exponent = BN_new();
	EVP_PKEY *key;

	assert_true(len > 0);
	modulus = BN_bin2bn(bytes, (int)len, NULL);
	BN_set_word(exponent, 65537);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent);
	key = from_params("RSA", builder);
	BN_free(modulus);
	BN_free(exponent);
	return key;
}

EVP_PKEY *certs_jwk_p256(const char *x, const char *y)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	uint8_t point[65] = {0x04};

	assert_int_equal(ztp_base64url_decode(point + 1, 32, x, strlen(x)), 32);
	assert_int_equal(ztp_base64url_decode(point + 33, 32, y, strlen(y)),
			 32);
	OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
					"P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY,
					 point, sizeof point);
	return from_params("EC", builder);
}
