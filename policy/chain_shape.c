/*
 * A factory's certificates differ in little, and OpenSSL's rules (strict mode,
 * purpose, key identifiers, security level) say the same of all of them. Its
 * way to say so begins with decoding the leaf's key, which costs five times as
 * much as verifying the CA's signature. So what the rules depend on is put into
 * one hash, and whoever remembers that it was accepted need only verify the
 * signature of the next one (ztp_chain_signed). What is not listed here as
 * harmless is part of the hash.
 */
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "policy/cert_view.h"
#include "policy/oid.h"
#include "ztp/chain.h"

struct hashing {
	EVP_MD_CTX *context;
	bool failed;
};

static void add(struct hashing *hashing, struct ztp_str part)
{
	uint64_t len = part.n;

	hashing->failed =
		hashing->failed ||
		EVP_DigestUpdate(hashing->context, &len, sizeof len) != 1 ||
		EVP_DigestUpdate(hashing->context, part.p, part.n) != 1;
}

/* SubjectKeyIdentifier ::= OCTET STRING. OpenSSL refuses a leaf in which it
 * cannot be read. */
static bool is_key_id(struct ztp_str value)
{
	struct ztp_str id;

	return ztp_der_strict(value.p, value.n) &&
	       ztp_der_take(&value, ZTP_DER_OCTETS, &id) && id.n > 0;
}

/* Its names have been read (cert_san.c), and only name constraints compare
 * them. */
static bool is_harmless(const struct ztp_cert_extension *extension)
{
	switch (ztp_oid_nid(extension->id)) {
	case NID_subject_key_identifier:
		return is_key_id(extension->value);
	case NID_subject_alt_name:
		return true;
	default:
		return false;
	}
}

static void add_extensions(struct hashing *hashing,
			   const struct ztp_cert_view *view)
{
	struct ztp_str rest = view->extensions;
	struct ztp_cert_extension extension;

	if (!view->has_extensions)
		return;
	while (ztp_cert_extension(&rest, &extension)) {
		add(hashing, extension.id);
		add(hashing, extension.critical);
		if (!is_harmless(&extension))
			add(hashing, extension.value);
	}
}

/* The algorithm, the size, and how a point is written: not its numbers, which
 * whoever verifies the proof decodes (ztp/key.h). */
static void add_key(struct hashing *hashing, const struct ztp_cert *leaf)
{
	struct ztp_str spki = leaf->spki, rest, bits;
	struct ztp_der_algorithm algorithm;
	int64_t size[2] = {leaf->key_bits, 0};

	hashing->failed = hashing->failed ||
			  !ztp_der_take(&spki, ZTP_DER_SEQUENCE, &rest) ||
			  !ztp_der_algorithm(&rest, &algorithm) ||
			  !ztp_der_take(&rest, ZTP_DER_BITS, &bits) ||
			  bits.n < 2;
	if (hashing->failed)
		return;
	size[1] = (int64_t)bits.n;
	add(hashing, algorithm.whole);
	add(hashing, (struct ztp_str){(const char *)size, sizeof size});
	if (leaf->key_algorithm == ZTP_KEY_EC)
		add(hashing, (struct ztp_str){bits.p, 2});
}

static void add_all(struct hashing *hashing, const struct ztp_cert *leaf,
		    const struct ztp_cert_view *view)
{
	add(hashing, view->version);
	add(hashing, view->outer.whole);
	add(hashing, view->issuer);
	add(hashing, (struct ztp_str){"named", *leaf->subject ? 5 : 0});
	add_key(hashing, leaf);
	add_extensions(hashing, view);
}

/* A leaf that names itself as its issuer has rules of its own. */
static bool is_ordinary(const struct ztp_cert *leaf,
			const struct ztp_cert_view *view)
{
	return !view->has_uid && strcasecmp(leaf->subject, leaf->issuer) != 0 &&
	       !ztp_der_same(view->subject, view->issuer) &&
	       ztp_oid_nid(view->outer.oid) != NID_rsassaPss;
}

bool ztp_chain_shape(uint8_t shape[ZTP_SHA256_LEN], const struct ztp_cert *leaf)
{
	struct hashing hashing = {EVP_MD_CTX_new(), false};
	struct ztp_cert_view view;
	bool done = false;

	if (hashing.context && ztp_cert_view(&view, leaf->der, leaf->der_len) &&
	    is_ordinary(leaf, &view) &&
	    EVP_DigestInit_ex(hashing.context, EVP_sha256(), NULL) == 1) {
		add_all(&hashing, leaf, &view);
		done = !hashing.failed &&
		       EVP_DigestFinal_ex(hashing.context, shape, NULL) == 1;
	}
	EVP_MD_CTX_free(hashing.context);
	return done;
}
