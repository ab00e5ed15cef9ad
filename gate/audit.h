/*
 * gate/audit.h - publishes every verdict as a JSON record on ztp/v1/audit. The
 * rate per address is limited, and that of all refusals together; a later
 * record says how many were left out.
 */
#ifndef ZTP_GATE_AUDIT_H
#define ZTP_GATE_AUDIT_H

#include "gate/gate.h"
#include "ztp/gate_protocol.h"

struct ztp_audit {
	const char *verdict; /* ZTP_AUDIT_* */
	const char *code;
	const char *path;	    /* NULL: unknown, or not a device path */
	const uint8_t *fingerprint; /* NULL: unknown */
	const char *remote_addr;    /* NULL: an operator's command */
	const char *request_id;	    /* NULL or "" : none */
	bool always; /* it changed something: never leave it out */
};

void ztp_audit(struct ztp_gate *gate, const struct ztp_audit *record);

/* Called from TICK: reports how many records were left out. */
void ztp_audit_tick(struct ztp_gate *gate, int64_t now_ms);

#endif
