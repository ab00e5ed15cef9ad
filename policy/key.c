/*
 * Verifies signatures with public keys. Two rules: spki.c decides from the DER
 * which keys are allowed, before OpenSSL sees them, so this file and the
 * certificate reader always agree. And the key determines the digest, never the
 * signer.
 *
 * A JWS has an ECDSA signature as r and s, each as long as the group's order
 * (RFC 7518 3.4), while OpenSSL wants DER. The length must match exactly, so a
 * DER signature is never mistaken for one. OpenSSL itself refuses r or s
 * outside 1..n-1. (r, n-s) is valid too, so a signature's bytes must never
 * identify anything.
 *
 * Where OpenSSL has no memory it often says nothing but no. A caller remembers
 * what is refused, so a refusal must come twice in a row to count. While there is
 * still no memory, the second try fails with its first allocation, and that is
 * seen.
 */
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cert_text.h"
#include "policy/der.h"
#include "policy/spki.h"
#include "ztp/key.h"

struct ztp_key {
	EVP_PKEY *pkey;
	enum ztp_key_algorithm algorithm;
	int bits;
	size_t spki_len;
	uint8_t spki[];
};

/* ---- from DER to OpenSSL. d2i_PUBKEY asks every provider for a decoder, which
 * costs more than verifying a signature. spki.c has already checked the key, so
 * here we only pick out the numbers. */

/* Finds the bits of SubjectPublicKeyInfo ::= SEQUENCE { algorithm, BIT
 * STRING }. */
static bool find_bits(struct ztp_str *bits, struct ztp_str spki)
{
	struct ztp_str rest, algorithm;

	if (!ztp_der_take(&spki, ZTP_DER_SEQUENCE, &rest) ||
	    !ztp_der_take(&rest, ZTP_DER_SEQUENCE, &algorithm) ||
	    !ztp_der_take(&rest, ZTP_DER_BITS, bits) || bits->n < 1)
		return false;
	bits->p++; /* the number of unused bits, which is 0 */
	bits->n--;
	return true;
}

static bool push_ec(OSSL_PARAM_BLD *params, struct ztp_str bits, int size)
{
	const char *group = size == 384 ? "P-384" : "P-256";

	return OSSL_PARAM_BLD_push_utf8_string(
		       params, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
	       OSSL_PARAM_BLD_push_octet_string(params, OSSL_PKEY_PARAM_PUB_KEY,
						bits.p, bits.n) == 1;
}

/* RSAPublicKey ::= SEQUENCE { n INTEGER, e INTEGER }. The builder keeps views
 * of the numbers, so the caller owns them. */
static bool push_rsa(OSSL_PARAM_BLD *params, struct ztp_str bits,
		     BIGNUM *numbers[2])
{
	struct ztp_str rest, n, e;

	if (!ztp_der_take(&bits, ZTP_DER_SEQUENCE, &rest) ||
	    !ztp_der_take(&rest, ZTP_DER_INTEGER, &n) ||
	    !ztp_der_take(&rest, ZTP_DER_INTEGER, &e))
		return false;
	numbers[0] = BN_bin2bn((const uint8_t *)n.p, (int)n.n, NULL);
	numbers[1] = BN_bin2bn((const uint8_t *)e.p, (int)e.n, NULL);
	return numbers[0] && numbers[1] &&
	       OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_N,
				      numbers[0]) == 1 &&
	       OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_E,
				      numbers[1]) == 1;
}

/* 0, ZTP_ERR_NOMEM, or ZTP_ERR_CERT_KEY when OpenSSL refuses the key: an EC
 * point must be on its curve. The curves have cofactor 1, so a point on the
 * curve is in the group. */
static int build(struct ztp_key *key)
{
	bool rsa = key->algorithm == ZTP_KEY_RSA;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(
		NULL, ztp_key_algorithm_name(key->algorithm), NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *numbers[2] = {NULL, NULL};
	OSSL_PARAM *params = NULL;
	int rc = ZTP_ERR_NOMEM;
	struct ztp_str bits;

	if (!context || !builder || !find_bits(&bits, ztp_key_spki(key)) ||
	    !(rsa ? push_rsa(builder, bits, numbers)
		  : push_ec(builder, bits, key->bits)))
		goto out;
	params = OSSL_PARAM_BLD_to_param(builder);
	if (!params || EVP_PKEY_fromdata_init(context) != 1)
		goto out;
	rc = EVP_PKEY_fromdata(context, &key->pkey, EVP_PKEY_PUBLIC_KEY,
			       params) == 1
		     ? 0
		     : ZTP_ERR_CERT_KEY;
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	BN_free(numbers[0]);
	BN_free(numbers[1]);
	return rc;
}

static int decode(struct ztp_key *key, struct ztp_error *error)
{
	int rc;

	ERR_set_mark();
	rc = build(key);
	if (rc == ZTP_ERR_CERT_KEY)
		rc = build(key); /* see the top */
	ERR_pop_to_mark();
	if (rc == ZTP_ERR_CERT_KEY)
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"public key is not valid");
	return rc == 0 ? 0 : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

int ztp_key_from_spki(struct ztp_key **key, const void *spki, size_t len,
		      struct ztp_error *error)
{
	struct ztp_key *made = NULL;
	enum ztp_key_algorithm algorithm;
	int bits, rc;

	*key = NULL;
	rc = ztp_spki_describe(&algorithm, &bits, (struct ztp_str){spki, len},
			       error);
	if (rc)
		return rc;
	made = calloc(1, sizeof *made + len);
	if (!made)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	made->algorithm = algorithm;
	made->bits = bits;
	made->spki_len = len;
	memcpy(made->spki, spki, len);
	rc = decode(made, error);
	if (rc)
		ztp_key_free(made);
	else
		*key = made;
	return rc;
}

int ztp_key_from_pem(struct ztp_key **key, const char *pem, size_t len,
		     struct ztp_error *error)
{
	uint8_t *spki = NULL;
	size_t spki_len;
	int rc;

	*key = NULL;
	rc = ztp_cert_text_decode(&spki, &spki_len, "PUBLIC KEY", false, pem,
				  len, error);
	if (rc == 0)
		rc = ztp_key_from_spki(key, spki, spki_len, error);
	free(spki);
	return rc;
}

enum ztp_key_algorithm ztp_key_algorithm(const struct ztp_key *key)
{
	return key->algorithm;
}

int ztp_key_bits(const struct ztp_key *key)
{
	return key->bits;
}

struct ztp_str ztp_key_spki(const struct ztp_key *key)
{
	return (struct ztp_str){(const char *)key->spki, key->spki_len};
}

/* Converts r and s to DER, which the caller frees with OPENSSL_free; -1 on
 * failure. */
static int ecdsa_to_der(uint8_t **der, const uint8_t *signature, int half)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, half, NULL);
	BIGNUM *s = BN_bin2bn(signature + half, half, NULL);
	int len = -1;

	if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
		r = s = NULL; /* the pair owns them now */
		len = i2d_ECDSA_SIG(pair, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return len;
}

static int check_with(const struct ztp_key *key, const void *data, size_t len,
		      const uint8_t *signature, size_t signature_len)
{
	const EVP_MD *digest = key->bits == 384 ? EVP_sha384() : EVP_sha256();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_context; /* belongs to the context */
	int rc = ZTP_ERR_NOMEM;

	if (!context || EVP_DigestVerifyInit(context, &pkey_context, digest,
					     NULL, key->pkey) != 1)
		goto out;
	if (key->algorithm == ZTP_KEY_RSA &&
	    EVP_PKEY_CTX_set_rsa_padding(pkey_context, RSA_PKCS1_PADDING) != 1)
		goto out;
	rc = EVP_DigestVerify(context, signature, signature_len, data, len) == 1
		     ? 0
		     : ZTP_ERR_PROOF;
out:
	EVP_MD_CTX_free(context);
	return rc;
}

static int check_ecdsa(const struct ztp_key *key, const void *data, size_t len,
		       const uint8_t *signature)
{
	uint8_t *der = NULL;
	int der_len = ecdsa_to_der(&der, signature, key->bits / 8);
	int rc = der_len > 0 ? check_with(key, data, len, der, (size_t)der_len)
			     : ZTP_ERR_NOMEM;

	OPENSSL_free(der);
	return rc;
}

int ztp_key_check(const struct ztp_key *key, const void *data, size_t len,
		  const void *signature, size_t signature_len)
{
	bool rsa = key->algorithm == ZTP_KEY_RSA;
	/* RFC 8017 8.2.2: a signature is exactly as long as the modulus */
	size_t right =
		rsa ? ((size_t)key->bits + 7) / 8 : 2 * ((size_t)key->bits / 8);
	int i, rc = ZTP_ERR_PROOF;

	if (signature_len != right)
		return rc;
	ERR_set_mark();
	for (i = 0; i < 2 && rc == ZTP_ERR_PROOF; i++) /* see the top */
		rc = rsa ? check_with(key, data, len, signature, signature_len)
			 : check_ecdsa(key, data, len, signature);
	ERR_pop_to_mark();
	return rc;
}

bool ztp_key_verify(const struct ztp_key *key, const void *data, size_t len,
		    const void *signature, size_t signature_len)
{
	return ztp_key_check(key, data, len, signature, signature_len) == 0;
}

void ztp_key_free(struct ztp_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}
