#include "gate/verified.h"

#include <string.h>

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

/* What was found with one list of CAs says nothing about another: a new CA may
 * be the leaf itself. */
static void chain_id(uint8_t id[ZTP_SHA256_LEN], const struct ztp_cert *leaf,
		     const struct ztp_registry *registry, size_t issuer)
{
	uint8_t text[2 + (1 + ZTP_CAS_MAX) * ZTP_SHA256_LEN];
	size_t len = 2;

	text[0] = 'c';
	text[1] = (uint8_t)issuer;
	memcpy(text + len, leaf->fingerprint, ZTP_SHA256_LEN);
	len += ZTP_SHA256_LEN;
	for (size_t i = 0; i < registry->ca_count && i < ZTP_CAS_MAX; i++) {
		memcpy(text + len, ztp_ca_cert(registry->cas[i])->fingerprint,
		       ZTP_SHA256_LEN);
		len += ZTP_SHA256_LEN;
	}
	ztp_sha256(id, text, len);
}

static bool is_valid(const struct ztp_ca *ca, int64_t wall_ms)
{
	const struct ztp_cert *cert = ztp_ca_cert(ca);

	return cert->not_before <= wall_ms && wall_ms <= cert->not_after;
}

int ztp_verified_chain(struct ztp_recent *recent, const struct ztp_cert *leaf,
		       const struct ztp_registry *registry, int64_t wall_ms,
		       int64_t now_ms, size_t *issuer, struct ztp_error *error)
{
	uint8_t id[ZTP_SHA256_LEN];
	int rc;

	for (size_t i = 0; i < registry->ca_count; i++) {
		chain_id(id, leaf, registry, i);
		if (!ztp_recent_has(recent, id, now_ms) ||
		    !is_valid(registry->cas[i], wall_ms))
			continue;
		*issuer = i;
		return ztp_cert_check_leaf(leaf, wall_ms, error);
	}
	rc = ztp_chain_check(leaf, registry->cas, registry->ca_count, wall_ms,
			     issuer, error);
	if (rc == 0) {
		chain_id(id, leaf, registry, *issuer);
		ztp_recent_note(recent, id, now_ms);
	}
	return rc;
}
