/*
 * OBJ_obj2nid needs an ASN1_OBJECT, which is an allocation, and searches a
 * table of a thousand. These are the few identifiers that matter here, and
 * those in names. test_cert_names.c compares every line with OpenSSL's table.
 */
#include "policy/oid.h"

#include <string.h>

#define BYTES(text) (text), sizeof(text) - 1

static const struct known {
	const char *bytes;
	size_t len;
	int nid;
} known[] = {
	{BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), NID_rsaEncryption},
	{BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"),
	 NID_sha256WithRSAEncryption},
	{BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"),
	 NID_sha384WithRSAEncryption},
	{BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"),
	 NID_sha512WithRSAEncryption},
	{BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), NID_rsassaPss},
	{BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"), NID_mgf1},
	{BYTES("\x60\x86\x48\x01\x65\x03\x04\x02\x01"), NID_sha256},
	{BYTES("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), NID_sha384},
	{BYTES("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), NID_sha512},
	{BYTES("\x2a\x86\x48\xce\x3d\x04\x03\x02"), NID_ecdsa_with_SHA256},
	{BYTES("\x2a\x86\x48\xce\x3d\x04\x03\x03"), NID_ecdsa_with_SHA384},
	{BYTES("\x2a\x86\x48\xce\x3d\x04\x03\x04"), NID_ecdsa_with_SHA512},
	{BYTES("\x2a\x86\x48\xce\x3d\x02\x01"), NID_X9_62_id_ecPublicKey},
	{BYTES("\x2a\x86\x48\xce\x3d\x03\x01\x07"), NID_X9_62_prime256v1},
	{BYTES("\x2b\x81\x04\x00\x22"), NID_secp384r1},
	{BYTES("\x55\x1d\x0e"), NID_subject_key_identifier},
	{BYTES("\x55\x1d\x0f"), NID_key_usage},
	{BYTES("\x55\x1d\x11"), NID_subject_alt_name},
	{BYTES("\x55\x1d\x13"), NID_basic_constraints},
	{BYTES("\x55\x1d\x1e"), NID_name_constraints},
	{BYTES("\x55\x1d\x20"), NID_certificate_policies},
	{BYTES("\x55\x1d\x25"), NID_ext_key_usage},
	{BYTES("\x55\x1d\x25\x00"), NID_anyExtendedKeyUsage},
	{BYTES("\x2b\x06\x01\x05\x05\x07\x03\x02"), NID_client_auth},
};

static const struct attribute {
	const char *bytes;
	size_t len;
	const char *name;
} attributes[] = {
	{BYTES("\x55\x04\x03"), SN_commonName},
	{BYTES("\x55\x04\x06"), SN_countryName},
	{BYTES("\x55\x04\x0a"), SN_organizationName},
	{BYTES("\x55\x04\x0b"), SN_organizationalUnitName},
	{BYTES("\x55\x04\x08"), SN_stateOrProvinceName},
	{BYTES("\x55\x04\x07"), SN_localityName},
	{BYTES("\x55\x04\x05"), LN_serialNumber}, /* has no shorter one */
	{BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), SN_domainComponent},
	{BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), SN_userId},
	{BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), LN_pkcs9_emailAddress},
	{BYTES("\x55\x04\x04"), SN_surname},
	{BYTES("\x55\x04\x2a"), SN_givenName},
	{BYTES("\x55\x04\x0c"), LN_title},
	{BYTES("\x55\x04\x09"), SN_streetAddress},
	{BYTES("\x55\x04\x11"), LN_postalCode},
	{BYTES("\x55\x04\x2e"), SN_dnQualifier},
};

static bool same(struct ztp_str oid, const char *bytes, size_t len)
{
	return oid.n == len && oid.p[len - 1] == bytes[len - 1] &&
	       memcmp(oid.p, bytes, len) == 0;
}

int ztp_oid_nid(struct ztp_str oid)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (same(oid, known[i].bytes, known[i].len))
			return known[i].nid;
	return NID_undef;
}

const char *ztp_oid_attribute(struct ztp_str oid)
{
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		if (same(oid, attributes[i].bytes, attributes[i].len))
			return attributes[i].name;
	return NULL;
}
