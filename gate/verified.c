#include "gate/verified.h"

#include <string.h>

/* Of what is remembered of chains. */
#define LEAF  'c'
#define SHAPE 's'

static void proof_id(uint8_t id[ZTP_SHA256_LEN],
		     const struct ztp_verified_proof *proof)
{
	uint8_t text[1 + 2 * ZTP_SHA256_LEN] = {'j'};

	memcpy(text + 1, proof->spki_sha256, ZTP_SHA256_LEN);
	memcpy(text + 1 + ZTP_SHA256_LEN, proof->jwt_sha256, ZTP_SHA256_LEN);
	ztp_sha256(id, text, sizeof(text));
}

bool ztp_verified_proof(const struct ztp_recent *recent,
			const struct ztp_verified_proof *proof, int64_t now_ms)
{
	uint8_t id[ZTP_SHA256_LEN];

	proof_id(id, proof);
	return ztp_recent_has(recent, id, now_ms);
}

void ztp_verified_note_proof(struct ztp_recent *recent,
			     const struct ztp_verified_proof *proof,
			     int64_t now_ms)
{
	uint8_t id[ZTP_SHA256_LEN];

	proof_id(id, proof);
	ztp_recent_note(recent, id, now_ms);
}

/* What one of the registry's CAs has signed: a certificate, by its fingerprint,
 * or certificates of one shape. What was found with one list of CAs says nothing
 * about another: a new CA may be the leaf itself. */
static void chain_id(uint8_t id[ZTP_SHA256_LEN], char kind,
		     const uint8_t what[ZTP_SHA256_LEN],
		     const struct ztp_registry *registry, size_t issuer)
{
	uint8_t text[2 + (1 + ZTP_CAS_MAX) * ZTP_SHA256_LEN];
	size_t len = 2;

	text[0] = (uint8_t)kind;
	text[1] = (uint8_t)issuer;
	memcpy(text + len, what, ZTP_SHA256_LEN);
	len += ZTP_SHA256_LEN;
	for (size_t i = 0; i < registry->ca_count && i < ZTP_CAS_MAX; i++) {
		memcpy(text + len, ztp_ca_cert(registry->cas[i])->fingerprint,
		       ZTP_SHA256_LEN);
		len += ZTP_SHA256_LEN;
	}
	ztp_sha256(id, text, len);
}

struct checking {
	struct ztp_recent *recent;
	const struct ztp_cert *leaf;
	const struct ztp_registry *registry;
	int64_t wall, now;
	uint8_t shape[ZTP_SHA256_LEN];
	bool has_shape;
};

static bool known(const struct checking *c, char kind, const uint8_t *what,
		  size_t issuer)
{
	uint8_t id[ZTP_SHA256_LEN];

	chain_id(id, kind, what, c->registry, issuer);
	return ztp_recent_has(c->recent, id, c->now);
}

static void note(const struct checking *c, char kind, const uint8_t *what,
		 size_t issuer)
{
	uint8_t id[ZTP_SHA256_LEN];

	chain_id(id, kind, what, c->registry, issuer);
	ztp_recent_note(c->recent, id, c->now);
}

/* Has this very certificate been verified? */
static bool find_leaf(const struct checking *c, size_t *issuer)
{
	for (size_t i = 0; i < c->registry->ca_count; i++) {
		if (!known(c, LEAF, c->leaf->fingerprint, i) ||
		    !ztp_cert_is_valid_at(ztp_ca_cert(c->registry->cas[i]),
					  c->wall))
			continue;
		*issuer = i;
		return true;
	}
	return false;
}

/* Has one of its shape been accepted, and is its signature good? */
static bool find_shape(struct checking *c, size_t *issuer)
{
	const struct ztp_registry *registry = c->registry;

	c->has_shape = ztp_chain_shape(c->shape, c->leaf);
	for (size_t i = 0; c->has_shape && i < registry->ca_count; i++) {
		if (!known(c, SHAPE, c->shape, i) ||
		    !ztp_chain_signed(c->leaf, registry->cas,
				      registry->ca_count, i, c->wall))
			continue;
		*issuer = i;
		note(c, LEAF, c->leaf->fingerprint, i);
		return true;
	}
	return false;
}

int ztp_verified_chain(struct ztp_recent *recent, const struct ztp_cert *leaf,
		       const struct ztp_registry *registry, int64_t wall_ms,
		       int64_t now_ms, size_t *issuer, struct ztp_error *error)
{
	struct checking c = {recent, leaf, registry, wall_ms,
			     now_ms, {0},  false};
	int rc;

	if (find_leaf(&c, issuer))
		return ztp_cert_check_leaf(leaf, wall_ms, error);
	if (find_shape(&c, issuer))
		return 0;
	rc = ztp_chain_check(leaf, registry->cas, registry->ca_count, wall_ms,
			     issuer, error);
	if (rc != 0)
		return rc;
	note(&c, LEAF, leaf->fingerprint, *issuer);
	if (c.has_shape)
		note(&c, SHAPE, c.shape, *issuer);
	return 0;
}
