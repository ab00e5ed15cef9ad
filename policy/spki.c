#include <openssl/asn1t.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

#include "policy/der.h"
#include "policy/spki.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

typedef struct {
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *key;
} ZTP_SPKI;

ASN1_SEQUENCE(ZTP_SPKI) =
	{
		ASN1_SIMPLE(ZTP_SPKI, algorithm, X509_ALGOR),
		ASN1_SIMPLE(ZTP_SPKI, key, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(ZTP_SPKI)

		typedef struct {
	ASN1_INTEGER *n, *e;
} ZTP_RSA;

ASN1_SEQUENCE(ZTP_RSA) =
	{
		ASN1_SIMPLE(ZTP_RSA, n, ASN1_INTEGER),
		ASN1_SIMPLE(ZTP_RSA, e, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END(ZTP_RSA)

		static int bit_length(const ASN1_INTEGER *number)
{
	const uint8_t *bytes = ASN1_STRING_get0_data(number);
	int bits = ASN1_STRING_length(number) * 8;

	for (int top = 0x80; bits > 0 && !(bytes[0] & top); top >>= 1)
		bits--;
	return bits;
}

static bool is_65537(const ASN1_INTEGER *number)
{
	return ASN1_STRING_type(number) == V_ASN1_INTEGER &&
	       ASN1_STRING_length(number) == 3 &&
	       memcmp(ASN1_STRING_get0_data(number), "\x01\x00\x01", 3) == 0;
}

/* A modulus is a product of odd primes. */
static bool modulus_possible(const ASN1_INTEGER *number)
{
	int len = ASN1_STRING_length(number);

	return ASN1_STRING_type(number) == V_ASN1_INTEGER && len > 0 &&
	       ASN1_STRING_get0_data(number)[len - 1] & 1;
}

static int describe_rsa(int *bits, const ZTP_SPKI *spki,
			struct ztp_error *error)
{
	const uint8_t *at = ASN1_STRING_get0_data(spki->key);
	int len = ASN1_STRING_length(spki->key);
	ZTP_RSA *rsa = NULL;
	int rc = 0;

	if (!spki->algorithm->parameter ||
	    spki->algorithm->parameter->type != V_ASN1_NULL)
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"RSA key with parameters");
	if (ztp_der_strict(at, (size_t)len))
		rsa = (ZTP_RSA *)ASN1_item_d2i(NULL, &at, len,
					       ASN1_ITEM_rptr(ZTP_RSA));
	if (!rsa || !modulus_possible(rsa->n)) {
		rc = ztp_fail(error, ZTP_ERR_CERT_KEY, "RSA key is not one");
		goto out;
	}
	*bits = bit_length(rsa->n);
	if (*bits < RSA_BITS_MIN || *bits > RSA_BITS_MAX)
		rc = ztp_fail(error, ZTP_ERR_CERT_KEY,
			      "RSA key of %d bits, not %d to %d", *bits,
			      RSA_BITS_MIN, RSA_BITS_MAX);
	else if (!is_65537(rsa->e))
		rc = ztp_fail(error, ZTP_ERR_CERT_KEY,
			      "RSA key with an exponent other than 65537");
out:
	ASN1_item_free((ASN1_VALUE *)rsa, ASN1_ITEM_rptr(ZTP_RSA));
	return rc;
}

/* Bits of a named curve, 0 for what we do not take. */
static int curve_bits(const ASN1_TYPE *parameter)
{
	if (!parameter || parameter->type != V_ASN1_OBJECT)
		return 0;
	switch (OBJ_obj2nid(parameter->value.object)) {
	case NID_X9_62_prime256v1:
		return 256;
	case NID_secp384r1:
		return 384;
	default:
		return 0;
	}
}

/* RFC 5480 2.2: 04 x y, or compressed 02 x or 03 x. */
static bool point_possible(const ASN1_BIT_STRING *key, int bits)
{
	const uint8_t *point = ASN1_STRING_get0_data(key);
	int len = ASN1_STRING_length(key);

	if (len < 1)
		return false;
	if (point[0] == 0x04)
		return len == 1 + 2 * (bits / 8);
	return (point[0] == 0x02 || point[0] == 0x03) && len == 1 + bits / 8;
}

static int describe_ec(int *bits, const ZTP_SPKI *spki, struct ztp_error *error)
{
	*bits = curve_bits(spki->algorithm->parameter);
	if (*bits == 0)
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"EC key not on a named curve P-256 or P-384");
	if (!point_possible(spki->key, *bits))
		return ztp_fail(error, ZTP_ERR_CERT_KEY, "EC key is no point");
	return 0;
}

static int describe(enum ztp_key_algorithm *algorithm, int *bits,
		    const ZTP_SPKI *spki, struct ztp_error *error)
{
	if (spki->key->flags & 0x07)
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"public key is not whole bytes");
	switch (OBJ_obj2nid(spki->algorithm->algorithm)) {
	case NID_rsaEncryption:
		*algorithm = ZTP_KEY_RSA;
		return describe_rsa(bits, spki, error);
	case NID_X9_62_id_ecPublicKey:
		*algorithm = ZTP_KEY_EC;
		return describe_ec(bits, spki, error);
	default:
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"public key is neither RSA nor EC");
	}
}

int ztp_spki_describe(enum ztp_key_algorithm *algorithm, int *bits,
		      struct ztp_str spki, struct ztp_error *error)
{
	const uint8_t *at = (const uint8_t *)spki.p;
	ZTP_SPKI *parsed = NULL;
	int rc;

	if (ztp_der_strict(spki.p, spki.n))
		parsed = (ZTP_SPKI *)ASN1_item_d2i(NULL, &at, (long)spki.n,
						   ASN1_ITEM_rptr(ZTP_SPKI));
	if (parsed)
		rc = describe(algorithm, bits, parsed, error);
	else
		rc = ztp_fail(error, ZTP_ERR_CERT, "not a public key in DER");
	ASN1_item_free((ASN1_VALUE *)parsed, ASN1_ITEM_rptr(ZTP_SPKI));
	return rc;
}
