/* policy/ reads the same in a certificate as OpenSSL: object identifiers, every
 * character of a name in every position, and all members together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cert_names.h"
#include "policy/der.h"
#include "policy/oid.h"
#include "tests/unit/cert_case.h"
#include "tests/unit/cert_oracle.h"

#define ALT_NAMES                                                              \
	"DNS:a.example,IP:10.1.2.3,IP:::1,URI:urn:x,email:a@b.c,RID:1.2.3"

static void known_oids_are_openssls(void **state)
{
	size_t known = 0, attributes = 0;

	(void)state;
	for (int nid = 1; nid < OBJ_new_nid(0); nid++) {
		const ASN1_OBJECT *object = OBJ_nid2obj(nid);
		struct ztp_str oid = {NULL, 0};
		const char *name;

		if (!object || OBJ_length(object) == 0)
			continue;
		oid.p = (const char *)OBJ_get0_data(object);
		oid.n = OBJ_length(object);
		if (ztp_oid_nid(oid) != NID_undef) {
			assert_int_equal(ztp_oid_nid(oid), nid);
			known++;
		}
		name = ztp_oid_attribute(oid);
		if (name) {
			assert_string_equal(name, OBJ_nid2sn(nid));
			attributes++;
		}
	}
	assert_int_equal(known, 24);
	assert_int_equal(attributes, 16);
}

/* Compares one name as ztp_cert_parse reads it with what OpenSSL reads and
 * prints (not the original object, because DER sorts a set). */
static void name_is(X509_NAME *name, bool plain)
{
	char ours[ZTP_NAME_MAX + 1], theirs[4 * ZTP_NAME_MAX];
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t *der = NULL, *exact;
	int len = i2d_X509_NAME(name, &der);
	const uint8_t *at = der;
	X509_NAME *again = d2i_X509_NAME(NULL, &at, len);
	struct ztp_name read;

	assert_true(bio && again && len > 0);
	exact = certs_exact(der, (size_t)len);
	assert_true(ztp_name_read(
		&read, ours, (struct ztp_str){(char *)exact, (size_t)len}));
	assert_int_equal(read.parsed == NULL, plain);
	assert_int_equal(ztp_name_text(ours, &read, "name", NULL), 0);
	assert_true(X509_NAME_print_ex(bio, again, 0, XN_FLAG_RFC2253) >= 0);
	len = BIO_read(bio, theirs, sizeof(theirs) - 1);
	theirs[len < 0 ? 0 : len] = '\0';
	assert_string_equal(ours, theirs);
	ztp_name_clear(&read);
	X509_NAME_free(again);
	free(exact);
	OPENSSL_free(der);
	BIO_free(bio);
}

static void add(X509_NAME *name, const char *field, int type, const char *value)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, field, type,
						    (const uint8_t *)value,
						    (int)strlen(value), -1, 0),
			 1);
}

static void one_value(int type, const char *value, bool plain)
{
	X509_NAME *name = X509_NAME_new();

	/* dnQualifier has no size and no table of its own in OpenSSL */
	add(name, "dnQualifier", type, value);
	name_is(name, plain);
	X509_NAME_free(name);
}

static void every_character_in_every_place(void **state)
{
	static const int types[] = {V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING,
				    V_ASN1_IA5STRING, V_ASN1_T61STRING,
				    V_ASN1_NUMERICSTRING};

	(void)state;
	for (size_t t = 0; t < COUNT(types); t++)
		for (int c = 1; c < 0x80; c++) {
			bool plain = c >= 0x20 && c <= 0x7e;
			char one[] = {(char)c, 0},
			     two[] = {(char)c, (char)c, 0};
			char first[] = {(char)c, 'x', 0};
			char middle[] = {'x', (char)c, 'x', 0};
			char last[] = {'x', (char)c, 0};

			one_value(types[t], one, plain);
			one_value(types[t], two, plain);
			one_value(types[t], first, plain);
			one_value(types[t], middle, plain);
			one_value(types[t], last, plain);
		}
	one_value(V_ASN1_UTF8STRING, "", false);
	one_value(V_ASN1_UTF8STRING, "Zo\xc3\xab", false);
	one_value(V_ASN1_BIT_STRING, "x", false);
}

static void names_of_many_parts(void **state)
{
	X509_NAME *name = X509_NAME_new();
	char value[65];

	(void)state;
	add(name, "C", V_ASN1_PRINTABLESTRING, "DE");
	add(name, "emailAddress", V_ASN1_IA5STRING, "a@b.c");
	add(name, "CN", V_ASN1_UTF8STRING, " a, \"b\"=#c ");
	name_is(name, true);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
						    (const uint8_t *)"+", 1, -1,
						    -1),
			 1); /* of one set with CN */
	name_is(name, false);
	X509_NAME_free(name);
	name = X509_NAME_new();
	memset(value, 'x', 64);
	value[64] = '\0';
	for (int i = 0; i < 7; i++) /* 67 bytes each and a comma */
		add(name, "CN", V_ASN1_UTF8STRING, value);
	name_is(name, true);
	value[512 - 7 * 68 - 3] = '\0';
	add(name, "CN", V_ASN1_UTF8STRING, value);
	name_is(name, true); /* 512 bytes: the longest that is not truncated */
	X509_NAME_free(name);
	name = X509_NAME_new();
	for (int i = 0; i < 17; i++)
		add(name, "DC", V_ASN1_IA5STRING, "x");
	name_is(name, false);
	X509_NAME_free(name);
}

/* Each of these characters takes six bytes, all of which are there or none. A '='
 * and a '#' inside a value do not make it one in hex. */
static void a_long_name_is_cut_between_characters(void **state)
{
	static const char *const begins[] = {"", "=", "a=b", "a=#", "a=#b=#"};

	(void)state;
	for (size_t i = 0; i < COUNT(begins); i++) {
		size_t begin = strlen("dnQualifier=") + strlen(begins[i]);
		X509_NAME *name = X509_NAME_new();
		char value[512], ours[ZTP_NAME_MAX + 1];
		struct ztp_name read;
		uint8_t *der = NULL;
		size_t n = strlen(begins[i]);
		int len;

		memcpy(value, begins[i], n);
		for (; n + 3 < sizeof(value); n += 2)
			memcpy(value + n, "\xc3\xab", 2);
		value[n] = '\0';
		add(name, "dnQualifier", V_ASN1_UTF8STRING, value);
		len = i2d_X509_NAME(name, &der);
		assert_true(ztp_name_read(
			&read, ours,
			(struct ztp_str){(char *)der, (size_t)len}));
		assert_int_equal(ztp_name_text(ours, &read, "name", NULL), 0);
		assert_int_equal(strlen(ours),
				 begin + (ZTP_NAME_MAX - begin) / 6 * 6);
		ztp_name_clear(&read);
		OPENSSL_free(der);
		X509_NAME_free(name);
	}
}

static void every_member_is_openssls(void **state)
{
	static const char *const extensions[] = {"basicConstraints",
						 "critical,CA:FALSE",
						 "keyUsage",
						 "critical,digitalSignature",
						 "extendedKeyUsage",
						 "clientAuth,serverAuth",
						 "subjectAltName",
						 ALT_NAMES,
						 NULL};
	struct fixture *fixture = *state;
	struct certs_spec specs[] = {
		{.key = fixture->rsa},
		{.key = fixture->p256,
		 .subject = "/CN=a,b/O=\xc3\xa9/OU= x",
		 .extensions = extensions},
	};

	for (size_t i = 0; i < COUNT(specs); i++) {
		X509 *x509 = certs_make(&specs[i]);
		struct ztp_cert cert;
		const char *differs;

		cert_case_good(&cert, x509);
		differs = cert_oracle_differs(&cert);
		if (differs)
			fail_msg("%s", differs);
		cert.serial[strlen(cert.serial) - 1] ^= 1;
		assert_string_equal(cert_oracle_differs(&cert), "serial");
		ztp_cert_clear(&cert);
		X509_free(x509);
	}
}

/* BER allows a string behind an implicit tag to consist of pieces. DER does
 * not. */
static void strings_in_pieces_are_no_der(void **state)
{
	static const char *const extensions[] = {"subjectAltName", "DNS:ab.cd",
						 NULL};
	static const char whole[] = "\x82\x05"
				    "ab.cd";
	static const char pieces[] = "\xa2\x07\x16\x05"
				     "ab.cd";
	struct fixture *fixture = *state;
	X509 *x509 = certs_make(&(struct certs_spec){.key = fixture->p256,
						     .extensions = extensions});
	size_t len, at;
	uint8_t *der = certs_der(x509, &len);

	at = certs_find(der, len, whole, sizeof(whole) - 1, 0);
	cert_case_splice(x509, at, sizeof(whole) - 1, whole, sizeof(whole) - 1,
			 0);
	cert_case_splice(x509, at, sizeof(whole) - 1, pieces,
			 sizeof(pieces) - 1, ZTP_ERR_CERT);
	free(der);
	X509_free(x509);
}

/* Checks the certificate with these bytes between its public key and its
 * extensions. */
static void with_uid(X509 *x509, const char *uid, size_t uid_len, int expected)
{
	uint8_t bytes[256];
	struct ztp_cert cert;
	struct ztp_der extensions;
	struct ztp_str rest;

	cert_case_good(&cert, x509);
	rest.p = cert.spki.p + cert.spki.n;
	rest.n = (size_t)((const char *)cert.der + cert.der_len - rest.p);
	assert_true(ztp_der_next(&rest, &extensions));
	assert_true(uid_len + extensions.whole.n <= sizeof(bytes));
	memcpy(bytes, uid, uid_len);
	memcpy(bytes + uid_len, extensions.whole.p, extensions.whole.n);
	cert_case_splice(x509,
			 (size_t)(extensions.whole.p - (const char *)cert.der),
			 extensions.whole.n, bytes,
			 uid_len + extensions.whole.n, expected);
	ztp_cert_clear(&cert);
}

static void bits_in_pieces_are_no_der(void **state)
{
	static const char *const extensions[] = {"keyUsage", "digitalSignature",
						 NULL};
	static const char whole[] = "\x82\x02\x00\xde";
	static const char pieces[] = "\xa2\x04\x03\x02\x00\xde";
	struct fixture *fixture = *state;
	X509 *x509 = certs_make(&(struct certs_spec){.key = fixture->p256,
						     .extensions = extensions});

	with_uid(x509, whole, sizeof(whole) - 1, 0);
	with_uid(x509, pieces, sizeof(pieces) - 1, ZTP_ERR_CERT);
	X509_free(x509);
}

/* OpenSSL's way costs 1 us for each attribute, and a stranger's certificate has
 * room for a thousand. */
static void a_name_has_few_attributes(void **state)
{
	X509_NAME *name = X509_NAME_new();
	char text[ZTP_NAME_MAX + 1];
	struct ztp_error error;
	struct ztp_name read;
	uint8_t *der = NULL;
	int len;

	(void)state;
	for (int i = 0; i < 64; i++) /* in 32 RDNs */
		assert_int_equal(X509_NAME_add_entry_by_txt(
					 name, "OU", V_ASN1_UTF8STRING,
					 (const uint8_t *)"\xc3\xa9", 2, -1,
					 i % 2 ? -1 : 0),
				 1);
	len = i2d_X509_NAME(name, &der);
	assert_true(ztp_name_read(&read, text,
				  (struct ztp_str){(char *)der, (size_t)len}));
	assert_non_null(read.parsed);
	assert_int_equal(ztp_name_text(text, &read, "subject", NULL), 0);
	ztp_name_clear(&read);
	OPENSSL_free(der);
	der = NULL;
	add(name, "CN", V_ASN1_UTF8STRING, "x");
	len = i2d_X509_NAME(name, &der);
	assert_true(ztp_name_read(&read, text,
				  (struct ztp_str){(char *)der, (size_t)len}));
	assert_null(read.parsed);
	assert_int_equal(ztp_name_text(text, &read, "subject", &error),
			 ZTP_ERR_CERT);
	assert_string_equal(error.message,
			    "subject has more than 64 attributes");
	ztp_name_clear(&read);
	OPENSSL_free(der);
	X509_NAME_free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_oids_are_openssls),
		cmocka_unit_test(a_name_has_few_attributes),
		cmocka_unit_test(every_character_in_every_place),
		cmocka_unit_test(names_of_many_parts),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
		cmocka_unit_test(every_member_is_openssls),
		cmocka_unit_test(strings_in_pieces_are_no_der),
		cmocka_unit_test(bits_in_pieces_are_no_der),
	};

	return cmocka_run_group_tests(tests, cert_case_setup,
				      cert_case_teardown);
}
