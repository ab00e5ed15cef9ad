#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "ztp/cert.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const uint8_t oid_sha256_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
					 0x0d, 0x01, 0x01, 0x0b};

struct fixture {
	EVP_PKEY *rsa, *p256;
	X509 *leaf; /* v1, RSA, as the recipe makes it */
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct certs_spec spec = {0};

	fixture.rsa = certs_key("rsa:2048");
	fixture.p256 = certs_key("ec:P-256");
	spec.key = fixture.rsa;
	fixture.leaf = certs_make(&spec);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	EVP_PKEY_free(fixture->rsa);
	EVP_PKEY_free(fixture->p256);
	X509_free(fixture->leaf);
	return 0;
}

static int parse_text(const char *text)
{
	size_t len = strlen(text);
	char *copy = certs_exact(text, len);
	struct ztp_cert cert;
	int rc = ztp_cert_parse(&cert, copy, len, NULL);

	if (rc == 0)
		ztp_cert_clear(&cert);
	free(copy);
	return rc;
}

static int parse_der(const uint8_t *der, size_t len)
{
	uint8_t *copy = certs_exact(der, len);
	struct ztp_cert cert;
	int rc = ztp_cert_parse_der(&cert, copy, len, NULL);

	if (rc == 0)
		ztp_cert_clear(&cert);
	free(copy);
	return rc;
}

static int parse_x509(X509 *x509)
{
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	int rc = parse_der(der, len);

	free(der);
	return rc;
}

/* The verdict on a certificate, which is freed. */
static int verdict(X509 *x509)
{
	int rc = parse_x509(x509);

	X509_free(x509);
	return rc;
}

static int verdict_spec(struct certs_spec spec)
{
	return verdict(certs_make(&spec));
}

static void must_parse(struct ztp_cert *cert, X509 *x509)
{
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	struct ztp_error error = {0};

	if (ztp_cert_parse_der(cert, der, len, &error) != 0)
		fail_msg("%s", error.message);
	free(der);
}

/* --- what is accepted, and what is read */

static void every_encoding(void **state)
{
	static const char *const newlines[] = {
		"\n", "\r\n", "", " ", "\\n", "\\r\\n", "\n\n", " \t",
	};
	struct fixture *fixture = *state;
	char *pem = certs_pem(fixture->leaf);
	char *base64 = certs_base64(fixture->leaf);

	for (size_t i = 0; i < COUNT(newlines); i++) {
		char *text = certs_lines(pem, newlines[i]);

		if (parse_text(text) != 0)
			fail_msg("newline %zu", i);
		free(text);
	}
	assert_int_equal(parse_text(base64), 0);
	pem[strlen(pem) - 1] = '\0';
	assert_int_equal(parse_text(pem), 0);
	free(pem);
	free(base64);
}

static void fields_of_the_v1_leaf(void **state)
{
	struct fixture *fixture = *state;
	struct ztp_cert cert;
	uint8_t digest[32];
	unsigned len;
	size_t spki_len;
	uint8_t *spki = certs_spki(fixture->rsa, &spki_len);

	must_parse(&cert, fixture->leaf);
	X509_digest(fixture->leaf, EVP_sha256(), digest, &len);
	assert_memory_equal(cert.fingerprint, digest, 32);
	assert_int_equal(cert.spki.n, spki_len);
	assert_memory_equal(cert.spki.p, spki, spki_len);
	ztp_sha256(digest, spki, spki_len);
	assert_memory_equal(cert.spki_sha256, digest, 32);
	assert_true(cert.spki.p > (char *)cert.der);
	assert_string_equal(cert.subject, "CN=unused-device");
	assert_string_equal(cert.issuer, "CN=unused-device");
	assert_string_equal(cert.serial, "14fd0a5b6c7d8e9f");
	assert_int_equal(cert.key_algorithm, ZTP_KEY_RSA);
	assert_int_equal(cert.key_bits, 2048);
	assert_int_equal(cert.not_before,
			 (CERTS_NOW - CERTS_DAY_MS) / 1000 * 1000);
	assert_int_equal(cert.not_after,
			 (CERTS_NOW + CERTS_DAY_MS) / 1000 * 1000);
	assert_false(cert.is_ca || cert.has_eku || cert.eku_client_auth);
	assert_int_equal(cert.san_count, 0);
	ztp_cert_clear(&cert);
	ztp_cert_clear(&cert);
	ztp_cert_clear(NULL);
	free(spki);
}

static void every_accepted_key(void **state)
{
	static const struct {
		const char *kind;
		enum ztp_key_algorithm algorithm;
		int bits;
	} kinds[] = {{"rsa:2048", ZTP_KEY_RSA, 2048},
		     {"rsa:3072", ZTP_KEY_RSA, 3072},
		     {"rsa:4096", ZTP_KEY_RSA, 4096},
		     {"ec:P-256", ZTP_KEY_EC, 256},
		     {"ec:P-384", ZTP_KEY_EC, 384}};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct certs_spec spec = {.key = certs_key(kinds[i].kind)};
		X509 *x509 = certs_make(&spec);
		struct ztp_cert cert;

		must_parse(&cert, x509);
		assert_int_equal(cert.key_algorithm, kinds[i].algorithm);
		assert_int_equal(cert.key_bits, kinds[i].bits);
		ztp_cert_clear(&cert);
		X509_free(x509);
		EVP_PKEY_free(spec.key);
	}
}

static void every_accepted_digest(void **state)
{
	struct fixture *fixture = *state;
	const EVP_MD *digests[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};

	for (size_t i = 0; i < COUNT(digests); i++) {
		assert_int_equal(
			verdict_spec((struct certs_spec){.key = fixture->rsa,
							 .digest = digests[i]}),
			0);
		assert_int_equal(
			verdict_spec((struct certs_spec){.key = fixture->p256,
							 .digest = digests[i]}),
			0);
	}
}

/* Signs with RSASSA-PSS. */
static int verdict_pss(EVP_PKEY *key, X509 *leaf, const EVP_MD *digest)
{
	X509 *x509 = X509_dup(leaf);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_context;

	assert_int_equal(
		EVP_DigestSignInit(context, &pkey_context, digest, NULL, key),
		1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pkey_context,
						      RSA_PKCS1_PSS_PADDING),
			 1);
	assert_true(X509_sign_ctx(x509, context) > 0);
	EVP_MD_CTX_free(context);
	return verdict(x509);
}

static void pss_with_a_strong_digest_only(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(verdict_pss(fixture->rsa, fixture->leaf, EVP_sha256()),
			 0);
	assert_int_equal(verdict_pss(fixture->rsa, fixture->leaf, EVP_sha512()),
			 0);
	assert_int_equal(verdict_pss(fixture->rsa, fixture->leaf, EVP_sha1()),
			 ZTP_ERR_CERT_SIGNATURE);
}

static void names_as_openssl_writes_them(void **state)
{
	static const char *const names[] = {
		"/C=DE/ST=Berlin/O=Acme, Inc./OU=a+b/CN=pump",
		"/CN=#hash",
		"/CN= space ",
		"/CN=a\\b\"c;d<e>f=g",
		"/CN=\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		"/CN=line\nand\ttab\x01\x7f",
		"/emailAddress=a@b.example/DC=example/UID=u",
		"/serialNumber=0042/title=x/GN=g/SN=s",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct certs_spec spec = {.key = fixture->p256,
					  .subject = names[i]};
		X509 *x509 = certs_make(&spec);
		BIO *bio = BIO_new(BIO_s_mem());
		struct ztp_cert cert;
		char *text;
		long len;

		must_parse(&cert, x509);
		X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0,
				   XN_FLAG_RFC2253);
		len = BIO_get_mem_data(bio, &text);
		assert_int_equal(strlen(cert.subject), len);
		assert_memory_equal(cert.subject, text, (size_t)len);
		assert_string_equal(cert.subject, cert.issuer);
		BIO_free(bio);
		ztp_cert_clear(&cert);
		X509_free(x509);
	}
}

/* With one byte more in front at each step, the cut moves through every
 * position of a character that is written as \XX\XX\XX. */
static void long_names_are_cut_at_a_character(void **state)
{
	struct fixture *fixture = *state;
	char euros[50 * 3 + 1] = "", name[1024];

	for (int i = 0; i < 50; i++)
		memcpy(euros + 3 * i, "\xe2\x82\xac", 4);
	for (int pad = 1; pad < 12; pad++) {
		struct certs_spec spec = {.key = fixture->p256,
					  .subject = name};
		struct ztp_cert cert;
		X509 *x509;
		size_t len, prefix = strlen("OU=,CN=");

		snprintf(name, sizeof name, "/CN=%s/OU=%.*s%s", euros, pad,
			 "xxxxxxxxxxxx", euros);
		x509 = certs_make(&spec);
		must_parse(&cert, x509);
		len = strlen(cert.subject);
		assert_true(len <= ZTP_NAME_MAX && len > ZTP_NAME_MAX - 9);
		assert_int_equal((len - prefix - (size_t)pad) % 9, 0);
		ztp_cert_clear(&cert);
		X509_free(x509);
	}
}

static void a_name_of_512_bytes_is_whole(void **state)
{
	struct fixture *fixture = *state;
	char name[1024];

	for (int extra = 0; extra < 2; extra++) {
		struct certs_spec spec = {.key = fixture->p256,
					  .subject = name};
		struct ztp_cert cert;
		char filler[65];
		size_t len = 0;
		X509 *x509;

		memset(filler, 'x', 64);
		filler[64] = '\0';
		for (int i = 0; i < 7; i++)
			len += (size_t)snprintf(name + len, sizeof name - len,
						"/OU=%s", filler);
		/* 7 * 67 + 7 commas = 476; "OU=" and 33 make 512 */
		snprintf(name + len, sizeof name - len, "/OU=%.*s", 33 + extra,
			 filler);
		x509 = certs_make(&spec);
		must_parse(&cert, x509);
		assert_int_equal(strlen(cert.subject), 512);
		ztp_cert_clear(&cert);
		X509_free(x509);
	}
}

static void alternative_names_in_order(void **state)
{
	static const char *const extensions[] = {
		"subjectAltName",
		"email:a@b.example,DNS:pump.example,IP:192.0.2.7,"
		"URI:urn:dev:mac:0024befffe804ff1,IP:2001:db8::1,"
		"otherName:1.2.3;UTF8:ignored,RID:1.2.3,DNS:second.example",
		NULL};
	static const char *const expected[] = {
		"email:a@b.example", "DNS:pump.example",
		"IP:192.0.2.7",	     "URI:urn:dev:mac:0024befffe804ff1",
		"IP:2001:db8::1",    "DNS:second.example",
	};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .extensions = extensions};
	X509 *x509 = certs_make(&spec);
	struct ztp_cert cert;

	must_parse(&cert, x509);
	assert_int_equal(cert.san_count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_string_equal(cert.san[i], expected[i]);
	ztp_cert_clear(&cert);
	X509_free(x509);
}

static void usage_is_read(void **state)
{
	static const struct {
		const char *name, *value;
		bool is_ca, has_eku, client_auth;
	} cases[] = {
		{"basicConstraints", "critical,CA:TRUE", true, false, false},
		{"basicConstraints", "CA:FALSE", false, false, false},
		{"keyUsage", "critical,keyCertSign", true, false, false},
		{"keyUsage", "digitalSignature", false, false, false},
		{"keyUsage", "decipherOnly,keyAgreement", false, false, false},
		{"extendedKeyUsage", "clientAuth", false, true, true},
		{"extendedKeyUsage", "serverAuth,clientAuth", false, true,
		 true},
		{"extendedKeyUsage", "anyExtendedKeyUsage", false, true, true},
		{"extendedKeyUsage", "critical,serverAuth", false, true, false},
		{"nsComment", "nothing to us", false, false, false},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *extensions[] = {cases[i].name, cases[i].value,
					    NULL};
		struct certs_spec spec = {.key = fixture->p256,
					  .extensions = extensions};
		X509 *x509 = certs_make(&spec);
		struct ztp_cert cert;

		must_parse(&cert, x509);
		assert_int_equal(cert.is_ca, cases[i].is_ca);
		assert_int_equal(cert.has_eku, cases[i].has_eku);
		assert_int_equal(cert.eku_client_auth, cases[i].client_auth);
		ztp_cert_clear(&cert);
		X509_free(x509);
	}
}

static void serial_as_openssl_prints_it(void **state)
{
	static const char *const serials[][2] = {
		{"0", "00"},
		{"1", "01"},
		{"ff", "ff"},
		{"0100", "0100"},
		{"-0a", "-0a"},
		{"7fffffffffffffffffffffffffffffffffffffff",
		 "7fffffffffffffffffffffffffffffffffffffff"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(serials); i++) {
		X509 *x509 = X509_dup(fixture->leaf);
		BIGNUM *number = NULL;
		struct ztp_cert cert;

		assert_true(BN_hex2bn(&number, serials[i][0]) > 0);
		assert_non_null(BN_to_ASN1_INTEGER(
			number, X509_get_serialNumber(x509)));
		certs_sign(x509, fixture->rsa, EVP_sha256());
		must_parse(&cert, x509);
		assert_string_equal(cert.serial, serials[i][1]);
		ztp_cert_clear(&cert);
		BN_free(number);
		X509_free(x509);
	}
}

static void times_of_both_kinds(void **state)
{
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .not_before_ms = -631152000000, /* 1950 */
				  .not_after_ms = 253402300799000};
	X509 *x509 = certs_make(&spec);
	struct ztp_cert cert;

	must_parse(&cert, x509);
	assert_int_equal(cert.not_before, spec.not_before_ms);
	assert_int_equal(cert.not_after, spec.not_after_ms);
	ztp_cert_clear(&cert);
	X509_free(x509);
}

static void a_leaf_at_a_moment(void **state)
{
	struct fixture *fixture = *state;
	struct ztp_cert cert;
	int64_t from, to;

	must_parse(&cert, fixture->leaf);
	from = cert.not_before;
	to = cert.not_after;
	assert_int_equal(ztp_cert_check_leaf(&cert, CERTS_NOW, NULL), 0);
	assert_int_equal(ztp_cert_check_leaf(&cert, from, NULL), 0);
	assert_int_equal(ztp_cert_check_leaf(&cert, from - 1, NULL),
			 ZTP_ERR_CERT_NOT_YET);
	assert_int_equal(ztp_cert_check_leaf(&cert, to + 999, NULL), 0);
	assert_int_equal(ztp_cert_check_leaf(&cert, to + 1000, NULL),
			 ZTP_ERR_CERT_EXPIRED);
	cert.is_ca = true;
	assert_int_equal(ztp_cert_check_leaf(&cert, CERTS_NOW, NULL),
			 ZTP_ERR_CERT_IS_CA);
	cert.is_ca = false;
	cert.has_eku = true;
	assert_int_equal(ztp_cert_check_leaf(&cert, CERTS_NOW, NULL),
			 ZTP_ERR_CERT_USAGE);
	cert.eku_client_auth = true;
	assert_int_equal(ztp_cert_check_leaf(&cert, CERTS_NOW, NULL), 0);
	ztp_cert_clear(&cert);
}

/* --- one test for each rule that refuses: the text around the DER */

static void refuses_anything_around_the_certificate(void **state)
{
	struct fixture *fixture = *state;
	char *pem = certs_pem(fixture->leaf), *base64, *text;
	static const char *const formats[] = {"%s%s", "x%s", "%sx",
					      "%s-",  "-%s", "%s#"};

	base64 = certs_base64(fixture->leaf);
	for (size_t i = 0; i < COUNT(formats); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		assert_true(asprintf(&text, formats[i], pem, pem) > 0);
		assert_int_equal(parse_text(text), ZTP_ERR_CERT);
		free(text);
		assert_true(asprintf(&text, formats[i], base64, base64) > 0);
		assert_int_equal(parse_text(text), ZTP_ERR_CERT);
		free(text);
#pragma GCC diagnostic pop
	}
	free(pem);
	free(base64);
}

static void refuses_other_labels(void **state)
{
	static const char *const labels[] = {
		"X509 CERTIFICATE", "TRUSTED CERTIFICATE",
		"CERTIFICATE REQUEST", "certificate", ""};
	struct fixture *fixture = *state;
	char *base64 = certs_base64(fixture->leaf), *text;

	for (size_t i = 0; i < COUNT(labels); i++) {
		assert_true(asprintf(&text,
				     "-----BEGIN %s-----\n%s\n-----END "
				     "%s-----\n",
				     labels[i], base64, labels[i]) > 0);
		assert_int_equal(parse_text(text), ZTP_ERR_CERT);
		free(text);
	}
	free(base64);
}

static void refuses_base64_that_is_not_canonical(void **state)
{
	struct fixture *fixture = *state;
	size_t len;
	uint8_t *der = certs_der(fixture->leaf, &len);
	char *text = certs_base64(fixture->leaf);
	char *end = text + strlen(text);

	if (end[-1] != '=') {
		/* no bits to spare: an alphabet of its own */
		char *plus = strpbrk(text, "+/");

		assert_non_null(plus);
		*plus = *plus == '+' ? '-' : '_';
	} else {
		end[-1] = '\0';
	}
	assert_int_equal(parse_text(text), ZTP_ERR_CERT);
	free(text);
	free(der);
}

static void refuses_nothing_and_too_much(void **state)
{
	struct fixture *fixture = *state;
	char *pem = certs_pem(fixture->leaf);
	size_t len = strlen(pem);
	char *text = malloc(ZTP_CERT_TEXT_MAX + 2);
	struct ztp_cert cert;

	memcpy(text, pem, len);
	memset(text + len, '\n', ZTP_CERT_TEXT_MAX + 2 - len);
	assert_int_equal(parse_text(""), ZTP_ERR_EMPTY);
	assert_int_equal(parse_text(" \n"), ZTP_ERR_CERT);
	assert_int_equal(ztp_cert_parse(&cert, text, ZTP_CERT_TEXT_MAX, NULL),
			 0);
	ztp_cert_clear(&cert);
	assert_int_equal(
		ztp_cert_parse(&cert, text, ZTP_CERT_TEXT_MAX + 1, NULL),
		ZTP_ERR_TOO_LARGE);
	assert_int_equal(ztp_cert_parse_der(&cert, text, 0, NULL),
			 ZTP_ERR_EMPTY);
	free(text);
	free(pem);
}

static void refuses_a_nul_in_the_text(void **state)
{
	struct fixture *fixture = *state;
	char *pem = certs_pem(fixture->leaf);
	struct ztp_cert cert;
	size_t len = strlen(pem);

	assert_int_equal(ztp_cert_parse(&cert, pem, len + 1, NULL),
			 ZTP_ERR_CERT);
	pem[len / 2] = '\0';
	assert_int_equal(ztp_cert_parse(&cert, pem, len, NULL), ZTP_ERR_CERT);
	free(pem);
}

/* --- DER means DER */

static void check_splice(X509 *x509, size_t at, size_t old_len,
			 const void *bytes, size_t bytes_len, int expected)
{
	size_t len, out_len;
	uint8_t *der = certs_der(x509, &len);
	uint8_t *out =
		certs_splice(der, len, at, old_len, bytes, bytes_len, &out_len);

	assert_int_equal(parse_der(out, out_len), expected);
	free(out);
	free(der);
}

static void refuses_trailing_bytes(void **state)
{
	struct fixture *fixture = *state;
	size_t len;
	uint8_t *der = certs_der(fixture->leaf, &len);
	uint8_t *more = malloc(len + 2);

	memcpy(more, der, len);
	more[len] = more[len + 1] = 0;
	assert_int_equal(parse_der(more, len + 1), ZTP_ERR_CERT);
	assert_int_equal(parse_der(more, len + 2), ZTP_ERR_CERT);
	assert_int_equal(parse_der(more, len), 0);
	free(more);
	free(der);
}

static void refuses_indefinite_length(void **state)
{
	struct fixture *fixture = *state;
	size_t len;
	uint8_t *der = certs_der(fixture->leaf, &len);
	uint8_t *out = malloc(len + 2);

	out[0] = 0x30;
	out[1] = 0x80;
	memcpy(out + 2, der + 4, len - 4);
	memset(out + len - 2, 0, 2);
	assert_int_equal(parse_der(out, len), ZTP_ERR_CERT);
	free(out);
	free(der);
}

static void refuses_non_minimal_length(void **state)
{
	struct fixture *fixture = *state;
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);
	uint8_t *out = malloc(len + 1);

	/* of the whole: 30 82 xx xx as 30 83 00 xx xx */
	out[0] = 0x30;
	out[1] = 0x83;
	out[2] = 0x00;
	memcpy(out + 3, der + 2, len - 2);
	assert_int_equal(parse_der(out, len + 1), ZTP_ERR_CERT);
	/* of a value deep inside, where OpenSSL keeps the bytes as they are:
	 * the issuer's CN, 0c 0d as 0c 81 0d */
	at = certs_find(der, len, "\x0c\x0dunused-device", 15, 0);
	free(out);
	free(der);
	check_splice(fixture->leaf, at, 15, "\x0c\x81\x0dunused-device", 16,
		     ZTP_ERR_CERT);
}

static void refuses_a_constructed_string(void **state)
{
	struct fixture *fixture = *state;
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);

	at = certs_find(der, len, "\x0c\x0dunused-device", 15, 0);
	free(der);
	check_splice(fixture->leaf, at, 15,
		     "\x2c\x11\x0c\x06unused\x0c\x07-device", 19, ZTP_ERR_CERT);
}

static void refuses_an_empty_serial(void **state)
{
	struct fixture *fixture = *state;
	static const uint8_t serial[] = {0x02, 0x08, 0x14, 0xfd, 0x0a,
					 0x5b, 0x6c, 0x7d, 0x8e, 0x9f};
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);
	uint8_t huge[3 + 65] = {0x02, 65, 0x01};

	at = certs_find(der, len, serial, sizeof serial, 0);
	free(der);
	check_splice(fixture->leaf, at, sizeof serial, "\x02\x00", 2,
		     ZTP_ERR_CERT);
	/* not minimal */
	check_splice(fixture->leaf, at, sizeof serial, "\x02\x02\x00\x01", 4,
		     ZTP_ERR_CERT);
	/* beyond ZTP_SERIAL_MAX, and the longest that fits */
	check_splice(fixture->leaf, at, sizeof serial, huge, 67, ZTP_ERR_CERT);
	huge[1] = 64;
	check_splice(fixture->leaf, at, sizeof serial, huge, 66, 0);
}

static void refuses_algorithms_that_differ(void **state)
{
	struct fixture *fixture = *state;
	size_t len, inner, outer;
	uint8_t *der = certs_der(fixture->leaf, &len);

	inner = certs_find(der, len, oid_sha256_rsa, 9, 0);
	outer = certs_find(der, len, oid_sha256_rsa, 9, 1);
	der[outer + 8] = 0x0c; /* sha384WithRSAEncryption */
	assert_int_equal(parse_der(der, len), ZTP_ERR_CERT);
	der[inner + 8] = 0x0c;
	assert_int_equal(parse_der(der, len), 0);
	der[outer + 8] = 0x0b;
	assert_int_equal(parse_der(der, len), ZTP_ERR_CERT);
	free(der);
	/* parameters NULL inside, absent outside */
	check_splice(fixture->leaf, outer + 9, 2, "", 0, ZTP_ERR_CERT);
}

static void refuses_an_extension_twice(void **state)
{
	static const char *const extensions[] = {"keyUsage",
						 "digitalSignature",
						 "subjectAltName",
						 "DNS:a.example",
						 "keyUsage",
						 "digitalSignature",
						 NULL};
	static const char *const unknown[] = {"1.2.3.4", "DER:0500", "1.2.3.4",
					      "DER:0500", NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .extensions = extensions};

	assert_int_equal(verdict_spec(spec), ZTP_ERR_CERT);
	spec.extensions = unknown;
	assert_int_equal(verdict_spec(spec), ZTP_ERR_CERT);
}

static void refuses_an_unknown_critical_extension(void **state)
{
	static const char *const critical[] = {"1.2.3.4", "critical,DER:0500",
					       NULL};
	static const char *const other[] = {"1.2.3.4", "DER:0500", NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256, .extensions = critical};

	assert_int_equal(verdict_spec(spec), ZTP_ERR_CERT);
	spec.extensions = other;
	assert_int_equal(verdict_spec(spec), 0);
}

static void refuses_defaults_that_are_written(void **state)
{
	static const char *const constraints[] = {"basicConstraints",
						  "DER:3003010100", NULL};
	static const char *const comment[] = {"1.2.3.4", "DER:0500", NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .extensions = constraints};
	X509 *x509;
	size_t len, at;
	uint8_t *der;

	assert_int_equal(verdict_spec(spec), ZTP_ERR_CERT);
	spec.extensions = comment;
	x509 = certs_make(&spec);
	der = certs_der(x509, &len);
	at = certs_find(der, len, "\x06\x03\x2a\x03\x04", 5, 0);
	check_splice(x509, at, 5, "\x06\x03\x2a\x03\x04\x01\x01\x00", 8,
		     ZTP_ERR_CERT);
	free(der);
	X509_free(x509);
	/* version v1, before the serial */
	der = certs_der(fixture->leaf, &len);
	at = certs_find(der, len, "\x02\x08\x14", 3, 0);
	free(der);
	check_splice(fixture->leaf, at, 10,
		     "\xa0\x03\x02\x01\x00\x02\x08\x14\xfd\x0a\x5b\x6c\x7d\x8e"
		     "\x9f",
		     15, ZTP_ERR_CERT);
}

static void refuses_extensions_that_cannot_be_read(void **state)
{
	static const char *const bad[][2] = {
		{"keyUsage", "DER:03020780"},	  /* fine: for contrast */
		{"keyUsage", "DER:030100"},	  /* no bit */
		{"keyUsage", "DER:03020080"},	  /* zeros at the end */
		{"keyUsage", "DER:0302078000"},	  /* trailing */
		{"keyUsage", "DER:0500"},	  /* no BIT STRING */
		{"extendedKeyUsage", "DER:3000"}, /* empty */
		{"extendedKeyUsage", "DER:0500"},
		{"basicConstraints", "DER:3003010101"}, /* TRUE is FF */
		{"basicConstraints", "DER:30800000"},
		{"subjectAltName", "DER:3000"},
		{"subjectAltName", "DER:300382"},
		{"subjectAltName", "DER:3000"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *extensions[] = {bad[i][0], bad[i][1], NULL};

		assert_int_equal(verdict_spec((struct certs_spec){
					 .key = fixture->p256,
					 .extensions = extensions}),
				 i == 0 ? 0 : ZTP_ERR_CERT);
	}
}

static void refuses_bad_alternative_names(void **state)
{
	static const char *const bad[] = {
		"DER:300582036100ff", /* DNS, beyond ASCII */
		"DER:3005820361002e", /* DNS with NUL */
		"DER:3005820361620a", /* DNS with a newline */
		"DER:30028200",	      /* DNS, empty */
		"DER:3004810261ff",   /* email */
		"DER:3004860261ff",   /* URI */
		"DER:30058703010203", /* IP of three bytes */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *extensions[] = {"subjectAltName", bad[i], NULL};

		assert_int_equal(verdict_spec((struct certs_spec){
					 .key = fixture->p256,
					 .extensions = extensions}),
				 ZTP_ERR_CERT);
	}
}

static void refuses_too_many_alternative_names(void **state)
{
	struct fixture *fixture = *state;
	char text[2048];
	const char *extensions[] = {"subjectAltName", text, NULL};
	size_t len = 0;

	for (int i = 0; i < ZTP_SAN_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
					"%sDNS:n%d.example", i ? "," : "", i);
	assert_int_equal(
		verdict_spec((struct certs_spec){.key = fixture->p256,
						 .extensions = extensions}),
		0);
	snprintf(text + len, sizeof text - len, ",DNS:more.example");
	assert_int_equal(
		verdict_spec((struct certs_spec){.key = fixture->p256,
						 .extensions = extensions}),
		ZTP_ERR_CERT);
}

static void refuses_validity_backwards(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(verdict_spec((struct certs_spec){
				 .key = fixture->p256,
				 .not_before_ms = CERTS_NOW,
				 .not_after_ms = CERTS_NOW - 1000}),
			 ZTP_ERR_CERT);
	assert_int_equal(
		verdict_spec((struct certs_spec){.key = fixture->p256,
						 .not_before_ms = CERTS_NOW,
						 .not_after_ms = CERTS_NOW}),
		0);
}

static void refuses_times_of_another_shape(void **state)
{
	/* each as long as the UTCTime that it takes the place of, or not */
	static const char *const bad[] = {
		"\x17\x0b"
		"2601010304Z",
		"\x17\x11"
		"260101030405+0000",
		"\x17\x0d"
		"261301030405Z",
		"\x17\x0d"
		"260230030405Z",
		"\x17\x0d"
		"260101240405Z",
		"\x17\x0d"
		"260101030460Z",
		"\x17\x0d"
		"2601010304 5Z",
		"\x17\x0d"
		"260101030405z",
		"\x18\x0d"
		"260101030405Z",
		"\x18\x11"
		"20260101030405.5Z",
		"\x18\x0e"
		"20260101030405",
		"\x17\x0f"
		"20260101030405Z",
	};
	struct fixture *fixture = *state;
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);

	at = certs_find(der, len, "\x17\x0d", 2, 0);
	free(der);
	for (size_t i = 0; i < COUNT(bad); i++)
		check_splice(fixture->leaf, at, 15, bad[i], strlen(bad[i]),
			     ZTP_ERR_CERT);
	check_splice(fixture->leaf, at, 15,
		     "\x18\x0f"
		     "20260101030405Z",
		     17, 0);
}

/* A name whose only value is these bytes in this string type */
static int verdict_name(EVP_PKEY *key, int type, const void *bytes, int len)
{
	struct certs_spec spec = {.key = key};
	X509 *x509 = certs_make(&spec);
	X509_NAME *name = X509_NAME_new();
	ASN1_STRING *value = ASN1_STRING_type_new(type);
	X509_NAME_ENTRY *entry = NULL;
	int rc;

	assert_int_equal(ASN1_STRING_set(value, bytes, len), 1);
	entry = X509_NAME_ENTRY_create_by_NID(NULL, NID_commonName, type, bytes,
					      len);
	assert_non_null(entry);
	X509_NAME_add_entry(name, entry, -1, 0);
	if (X509_set_subject_name(x509, name) == 1) {
		certs_sign(x509, key, EVP_sha256());
		rc = parse_x509(x509);
	} else {
		rc = ZTP_ERR_CERT; /* OpenSSL itself would not write it */
	}
	X509_NAME_ENTRY_free(entry);
	ASN1_STRING_free(value);
	X509_NAME_free(name);
	X509_free(x509);
	return rc;
}

static void refuses_a_nul_in_a_name(void **state)
{
	struct fixture *fixture = *state;
	EVP_PKEY *key = fixture->p256;

	assert_int_equal(verdict_name(key, V_ASN1_UTF8STRING, "a\0b", 3),
			 ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_PRINTABLESTRING, "a\0b", 3),
			 ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_IA5STRING, "\0", 1),
			 ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_T61STRING, "a\0", 2),
			 ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_BMPSTRING, "\0a\0\0\0b", 6),
			 ZTP_ERR_CERT);
	assert_int_equal(
		verdict_name(key, V_ASN1_UNIVERSALSTRING, "\0\0\0a\0\0\0\0", 8),
		ZTP_ERR_CERT);
	assert_int_equal(verdict_name(key, V_ASN1_BMPSTRING, "\0a\0b", 4), 0);
	assert_int_equal(verdict_name(key, V_ASN1_UTF8STRING, "ab", 2), 0);
}

static void refuses_bad_text_in_a_name(void **state)
{
	struct fixture *fixture = *state;
	size_t len, at;
	uint8_t *der = certs_der(fixture->leaf, &len);
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{"\x0c\x02\xc3\x28", 4},	 /* not UTF-8 */
		{"\x0c\x03\xed\xa0\x80", 5},	 /* a surrogate */
		{"\x1e\x03\0a\0", 5},		 /* half a character */
		{"\x1e\x02\xd8\x00", 4},	 /* half a pair */
		{"\x16\x01\xff", 3},		 /* IA5 is ASCII */
		{"\x13\x01\xe4", 3},		 /* so is PrintableString */
		{"\x1c\x04\x00\x11\x00\x00", 6}, /* beyond U+10FFFF */
	};

	at = certs_find(der, len, "\x0c\x0dunused-device", 15, 1);
	free(der);
	for (size_t i = 0; i < COUNT(bad); i++)
		check_splice(fixture->leaf, at, 15, bad[i].bytes, bad[i].len,
			     ZTP_ERR_CERT);
	check_splice(fixture->leaf, at, 15, "\x0c\x02\xc3\xa4", 4, 0);
}

static void refuses_an_empty_issuer(void **state)
{
	struct fixture *fixture = *state;
	X509 *x509 = X509_dup(fixture->leaf);
	X509_NAME *empty = X509_NAME_new();

	assert_int_equal(X509_set_issuer_name(x509, empty), 1);
	certs_sign(x509, fixture->rsa, EVP_sha256());
	assert_int_equal(verdict(x509), ZTP_ERR_CERT);
	/* an empty subject is allowed */
	x509 = X509_dup(fixture->leaf);
	assert_int_equal(X509_set_subject_name(x509, empty), 1);
	certs_sign(x509, fixture->rsa, EVP_sha256());
	assert_int_equal(verdict(x509), 0);
	X509_NAME_free(empty);
}

static void refuses_extensions_in_v1(void **state)
{
	static const char *const extensions[] = {"keyUsage", "digitalSignature",
						 NULL};
	struct fixture *fixture = *state;

	assert_int_equal(
		verdict_spec((struct certs_spec){.key = fixture->p256,
						 .version = 1,
						 .extensions = extensions}),
		ZTP_ERR_CERT);
	assert_int_equal(verdict_spec((struct certs_spec){.key = fixture->p256,
							  .version = 4}),
			 ZTP_ERR_CERT);
}

/* --- signatures and keys */

static void refuses_weak_signatures(void **state)
{
	struct fixture *fixture = *state;
	const EVP_MD *weak[] = {EVP_md5(), EVP_sha1(), EVP_sha224()};

	for (size_t i = 0; i < COUNT(weak); i++)
		assert_int_equal(
			verdict_spec((struct certs_spec){.key = fixture->rsa,
							 .digest = weak[i]}),
			ZTP_ERR_CERT_SIGNATURE);
	assert_int_equal(verdict_spec((struct certs_spec){
				 .key = fixture->p256, .digest = EVP_sha1()}),
			 ZTP_ERR_CERT_SIGNATURE);
}

static int verdict_key(EVP_PKEY *key, EVP_PKEY *signer)
{
	int rc = verdict_spec(
		(struct certs_spec){.key = key, .issuer_key = signer});

	EVP_PKEY_free(key);
	return rc;
}

static EVP_PKEY *rsa_with_exponent_3(void)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *three = BN_new();
	EVP_PKEY *key = NULL;

	BN_set_word(three, 3);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, three),
			 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	BN_free(three);
	EVP_PKEY_CTX_free(context);
	return key;
}

static void refuses_other_keys(void **state)
{
	struct fixture *fixture = *state;
	static const char *const kinds[] = {
		"rsa:1024",	"rsa:2047", "ec:P-224", "ec:P-521",
		"ec:secp256k1", "ED25519",  "X25519"};

	for (size_t i = 0; i < COUNT(kinds); i++)
		assert_int_equal(verdict_key(certs_key(kinds[i]), fixture->rsa),
				 ZTP_ERR_CERT_KEY);
	assert_int_equal(verdict_key(rsa_with_exponent_3(), fixture->rsa),
			 ZTP_ERR_CERT_KEY);
}

/* Replaces the key's bits, given with their first byte (unused bits). */
static void check_key_bits(struct fixture *fixture, const uint8_t *bits,
			   size_t bits_len, int expected)
{
	struct certs_spec spec = {.key = fixture->p256};
	X509 *x509 = certs_make(&spec);
	size_t len, at;
	uint8_t *der = certs_der(x509, &len);
	uint8_t element[128] = {0x03, (uint8_t)bits_len};

	memcpy(element + 2, bits, bits_len);
	at = certs_find(der, len, "\x03\x42\x00\x04", 4, 0);
	free(der);
	check_splice(x509, at, 0x44, element, bits_len + 2, expected);
	X509_free(x509);
}

static void refuses_points_of_another_shape(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bits[67] = {0, 0x04};

	check_key_bits(fixture, bits, 66, 0);
	check_key_bits(fixture, bits, 65, ZTP_ERR_CERT_KEY);
	check_key_bits(fixture, bits, 67, ZTP_ERR_CERT_KEY);
	check_key_bits(fixture, bits, 1, ZTP_ERR_CERT_KEY);
	check_key_bits(fixture, (const uint8_t[2]){0, 0}, 2, ZTP_ERR_CERT_KEY);
	bits[0] = 1; /* one bit unused */
	check_key_bits(fixture, bits, 66, ZTP_ERR_CERT_KEY);
	bits[0] = 0;
	bits[1] = 0x02;
	check_key_bits(fixture, bits, 34, 0);
	check_key_bits(fixture, bits, 66, ZTP_ERR_CERT_KEY);
	bits[1] = 0x06; /* hybrid */
	check_key_bits(fixture, bits, 66, ZTP_ERR_CERT_KEY);
}

/* --- hostile bytes */

static void every_prefix_is_refused(void **state)
{
	static const char *const extensions[] = {"subjectAltName",
						 "DNS:a.example,IP:192.0.2.1",
						 "basicConstraints",
						 "critical,CA:FALSE",
						 "extendedKeyUsage",
						 "clientAuth",
						 NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256,
				  .extensions = extensions};
	X509 *x509 = certs_make(&spec);
	char *pem = certs_pem(x509), *copy;
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	struct ztp_cert cert;

	for (size_t n = 0; n < len; n++)
		assert_true(parse_der(der, n) < 0);
	for (size_t n = 0; n < strlen(pem) - 1; n++) {
		copy = certs_exact(pem, n);
		assert_true(ztp_cert_parse(&cert, copy, n, NULL) < 0);
		free(copy);
	}
	free(pem);
	free(der);
	X509_free(x509);
}

static bool text_is_safe(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

/* Whatever is accepted is still safe to pass on. */
static void any_byte_changed_is_survived(void **state)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff, 0x20};
	static const char *const plain[] = {"subjectAltName",
					    "DNS:a.example,URI:urn:x",
					    "keyUsage",
					    "digitalSignature",
					    "extendedKeyUsage",
					    "clientAuth",
					    NULL};
	struct fixture *fixture = *state;
	struct certs_spec spec = {.key = fixture->p256, .extensions = plain};
	X509 *x509 = certs_make(&spec);
	size_t len;
	uint8_t *der = certs_der(x509, &len);
	struct ztp_cert cert;

	for (size_t i = 0; i < len * COUNT(masks); i++) {
		uint8_t mask = masks[i % COUNT(masks)];

		der[i / COUNT(masks)] ^= mask;
		if (ztp_cert_parse_der(&cert, der, len, NULL) == 0) {
			assert_true(text_is_safe(cert.subject));
			assert_true(text_is_safe(cert.issuer));
			for (size_t n = 0; n < cert.san_count; n++)
				assert_true(text_is_safe(cert.san[n]));
			ztp_cert_clear(&cert);
		}
		der[i / COUNT(masks)] ^= mask;
	}
	free(der);
	X509_free(x509);
}

static void deep_nesting_is_refused(void **state)
{
	uint8_t der[4096];
	size_t at = sizeof der;

	(void)state;
	/* SEQUENCE in SEQUENCE in ..., as deep as the bytes go */
	while (at >= 4) {
		size_t inner = sizeof der - at;

		if (inner > 255) {
			der[--at] = (uint8_t)inner;
			der[--at] = (uint8_t)(inner >> 8);
			der[--at] = 0x82;
		} else if (inner > 127) {
			der[--at] = (uint8_t)inner;
			der[--at] = 0x81;
		} else {
			der[--at] = (uint8_t)inner;
		}
		der[--at] = 0x30;
	}
	assert_int_equal(parse_der(der + at, sizeof der - at), ZTP_ERR_CERT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_encoding),
		cmocka_unit_test(fields_of_the_v1_leaf),
		cmocka_unit_test(every_accepted_key),
		cmocka_unit_test(every_accepted_digest),
		cmocka_unit_test(pss_with_a_strong_digest_only),
		cmocka_unit_test(names_as_openssl_writes_them),
		cmocka_unit_test(long_names_are_cut_at_a_character),
		cmocka_unit_test(a_name_of_512_bytes_is_whole),
		cmocka_unit_test(alternative_names_in_order),
		cmocka_unit_test(usage_is_read),
		cmocka_unit_test(serial_as_openssl_prints_it),
		cmocka_unit_test(times_of_both_kinds),
		cmocka_unit_test(a_leaf_at_a_moment),
		cmocka_unit_test(refuses_anything_around_the_certificate),
		cmocka_unit_test(refuses_other_labels),
		cmocka_unit_test(refuses_base64_that_is_not_canonical),
		cmocka_unit_test(refuses_nothing_and_too_much),
		cmocka_unit_test(refuses_a_nul_in_the_text),
		cmocka_unit_test(refuses_trailing_bytes),
		cmocka_unit_test(refuses_indefinite_length),
		cmocka_unit_test(refuses_non_minimal_length),
		cmocka_unit_test(refuses_a_constructed_string),
		cmocka_unit_test(refuses_an_empty_serial),
		cmocka_unit_test(refuses_algorithms_that_differ),
		cmocka_unit_test(refuses_an_extension_twice),
		cmocka_unit_test(refuses_an_unknown_critical_extension),
		cmocka_unit_test(refuses_defaults_that_are_written),
		cmocka_unit_test(refuses_extensions_that_cannot_be_read),
		cmocka_unit_test(refuses_bad_alternative_names),
		cmocka_unit_test(refuses_too_many_alternative_names),
		cmocka_unit_test(refuses_validity_backwards),
		cmocka_unit_test(refuses_times_of_another_shape),
		cmocka_unit_test(refuses_a_nul_in_a_name),
		cmocka_unit_test(refuses_bad_text_in_a_name),
		cmocka_unit_test(refuses_an_empty_issuer),
		cmocka_unit_test(refuses_extensions_in_v1),
		cmocka_unit_test(refuses_weak_signatures),
		cmocka_unit_test(refuses_other_keys),
		cmocka_unit_test(refuses_points_of_another_shape),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(any_byte_changed_is_survived),
		cmocka_unit_test(deep_nesting_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
