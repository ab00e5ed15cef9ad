/*
 * gate/verified.h - signatures that were good, so that the same bytes are not
 * verified again: a device that comes again with its certificate and JWT while
 * it waits, or after a lost connection, and its certificate once more when its
 * device is created. Also which shape of certificates OpenSSL's rules have
 * accepted (ztp_chain_shape). What depends on the time or on settings (claims,
 * validity, whether the CA is listed) is checked each time. Bounded
 * (gate/recent.h). Broker thread only.
 */
#ifndef ZTP_GATE_VERIFIED_H
#define ZTP_GATE_VERIFIED_H

#include "gate/recent.h"
#include "gate/registries.h"

#define ZTP_VERIFIED_MS (3600 * 1000LL) /* is remembered so long */

/* A JWT that was good with this key. */
struct ztp_verified_proof {
	const uint8_t *spki_sha256, *jwt_sha256;
};
bool ztp_verified_proof(const struct ztp_recent *recent,
			const struct ztp_verified_proof *proof, int64_t now_ms);
void ztp_verified_note_proof(struct ztp_recent *recent,
			     const struct ztp_verified_proof *proof,
			     int64_t now_ms);

/* As ztp_chain_check with the registry's CAs. *issuer must not be NULL. wall_ms:
 * the wall clock; now_ms: CLOCK_BOOTTIME. */
int ztp_verified_chain(struct ztp_recent *recent, const struct ztp_cert *leaf,
		       const struct ztp_registry *registry, int64_t wall_ms,
		       int64_t now_ms, size_t *issuer, struct ztp_error *error);

#endif
