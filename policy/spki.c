#include <string.h>

#include "policy/der.h"
#include "policy/oid.h"
#include "policy/spki.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

/* The length of a positive INTEGER, which has at most one leading zero byte. */
static int bit_length(struct ztp_str number)
{
	int bits = (int)number.n * 8;

	while (number.n > 0 && number.p[0] == 0) {
		number.p++;
		number.n--;
		bits -= 8;
	}
	for (int top = 0x80; bits > 0 && !(number.p[0] & top); top >>= 1)
		bits--;
	return bits;
}

static bool is_65537(struct ztp_str number)
{
	return number.n == 3 && memcmp(number.p, "\x01\x00\x01", 3) == 0;
}

/* A modulus is a product of odd primes, so it is odd. */
static bool modulus_possible(struct ztp_str number)
{
	return !(number.p[0] & 0x80) && number.p[number.n - 1] & 1;
}

/* RSAPublicKey ::= SEQUENCE { n INTEGER, e INTEGER } */
static bool take_rsa(struct ztp_str *n, struct ztp_str *e, struct ztp_str key)
{
	struct ztp_str rest;

	return ztp_der_strict(key.p, key.n) &&
	       ztp_der_take(&key, ZTP_DER_SEQUENCE, &rest) &&
	       ztp_der_take(&rest, ZTP_DER_INTEGER, n) &&
	       ztp_der_take(&rest, ZTP_DER_INTEGER, e) && rest.n == 0;
}

static int describe_rsa(int *bits, const struct ztp_der *parameter,
			struct ztp_str key, struct ztp_error *error)
{
	struct ztp_str n, e;

	if (parameter->id != ZTP_DER_NULL)
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"RSA key whose parameters are not NULL");
	if (!take_rsa(&n, &e, key) || !modulus_possible(n))
		return ztp_fail(error, ZTP_ERR_CERT_KEY, "malformed RSA key");
	*bits = bit_length(n);
	if (*bits < RSA_BITS_MIN || *bits > RSA_BITS_MAX)
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"RSA key of %d bits, not %d to %d", *bits,
				RSA_BITS_MIN, RSA_BITS_MAX);
	if (!is_65537(e))
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"RSA key with an exponent other than 65537");
	return 0;
}

/* The bits of a named curve; 0 for one that we do not accept. */
static int curve_bits(const struct ztp_der *parameter)
{
	if (parameter->id != ZTP_DER_OID)
		return 0;
	switch (ztp_oid_nid(parameter->contents)) {
	case NID_X9_62_prime256v1:
		return 256;
	case NID_secp384r1:
		return 384;
	default:
		return 0;
	}
}

/* RFC 5480 2.2: 04 x y, or compressed, 02 x or 03 x. */
static bool point_possible(struct ztp_str point, int bits)
{
	size_t len = (size_t)bits / 8;

	if (point.n < 1)
		return false;
	if (point.p[0] == 0x04)
		return point.n == 1 + 2 * len;
	return (point.p[0] == 0x02 || point.p[0] == 0x03) && point.n == 1 + len;
}

static int describe_ec(int *bits, const struct ztp_der *parameter,
		       struct ztp_str key, struct ztp_error *error)
{
	*bits = curve_bits(parameter);
	if (*bits == 0)
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"EC key not on a named curve P-256 or P-384");
	if (!point_possible(key, *bits))
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"the EC key is not a point");
	return 0;
}

static bool take_spki(struct ztp_der_algorithm *algorithm, struct ztp_str *bits,
		      struct ztp_str spki)
{
	struct ztp_str rest;

	return ztp_der_strict(spki.p, spki.n) &&
	       ztp_der_take(&spki, ZTP_DER_SEQUENCE, &rest) &&
	       ztp_der_algorithm(&rest, algorithm) &&
	       ztp_der_take(&rest, ZTP_DER_BITS, bits) && rest.n == 0;
}

int ztp_spki_describe(enum ztp_key_algorithm *algorithm, int *bits,
		      struct ztp_str spki, struct ztp_error *error)
{
	struct ztp_der_algorithm named;
	struct ztp_str key;

	if (!take_spki(&named, &key, spki))
		return ztp_fail(error, ZTP_ERR_CERT, "not a public key in DER");
	if (key.p[0] != 0)
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"public key is not whole bytes");
	key.p++; /* the number of unused bits, which is 0 */
	key.n--;
	switch (ztp_oid_nid(named.oid)) {
	case NID_rsaEncryption:
		*algorithm = ZTP_KEY_RSA;
		return describe_rsa(bits, &named.parameter, key, error);
	case NID_X9_62_id_ecPublicKey:
		*algorithm = ZTP_KEY_EC;
		return describe_ec(bits, &named.parameter, key, error);
	default:
		return ztp_fail(error, ZTP_ERR_CERT_KEY,
				"public key is neither RSA nor EC");
	}
}
