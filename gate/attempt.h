/*
 * gate/attempt.h - the state of one CONNECT with a device's client ID: admit.c
 * finds the verdict, attempt.c carries it out.
 */
#ifndef ZTP_GATE_ATTEMPT_H
#define ZTP_GATE_ATTEMPT_H

#include "gate/candidates.h"
#include "gate/devices.h"
#include "gate/gate.h"
#include "ztp/jwt.h"

struct ztp_attempt {
	struct ztp_gate *gate;
	struct mosquitto *client;
	struct ztp_path path;
	const char *id;
	char address[ZTP_ADDRESS_MAX + 1];
	struct ztp_registry *registry;
	bool has_cert;
	struct ztp_cert cert;
	size_t issuer; /* index of the CA that signed; for a new device */
	struct ztp_key *key;
	uint8_t spki_sha256[ZTP_SHA256_LEN];
	const uint8_t *fingerprint; /* the certificate's or the record's */
	struct ztp_device device;
	struct ztp_candidate candidate;
	bool rejected_before; /* as the candidate, which is still known */
	struct ztp_gate_facts facts;
	struct ztp_jwt jwt;
	struct ztp_effort_try effort;
	enum ztp_effort_end effort_end;
	int64_t effort_us;
	bool verified; /* a signature was, with whatever result */
	struct ztp_gate_verdict failed; /* why it cannot be carried out */
	int64_t wall, boot;
	uint8_t password[ZTP_SHA256_LEN];
	char request_id[ZTP_REQUEST_ID_MAX + 1];
};

/* A refusal. code must be a static string. */
struct ztp_gate_verdict ztp_attempt_refuse(const char *code);
/* The refusal that fits an error. */
struct ztp_gate_verdict ztp_attempt_failed(const struct ztp_attempt *a,
					   const struct ztp_error *error);

/* Carries out the verdict. If that fails, the verdict becomes a refusal. True:
 * the client is accepted and its session is entered. */
bool ztp_attempt_carry_out(struct ztp_attempt *a,
			   struct ztp_gate_verdict *verdict);

#endif
