/*
 * gate/audit.h - every verdict as a JSON record on ztp/v1/audit. At most so
 * many a second per address; how many were left out is told afterwards.
 */
#ifndef ZTP_GATE_AUDIT_H
#define ZTP_GATE_AUDIT_H

#include "gate/gate.h"
#include "ztp/gate_protocol.h"

struct ztp_audit {
	const char *verdict; /* ZTP_AUDIT_* */
	const char *code;
	const char *path;	    /* NULL: not known, or no path */
	const uint8_t *fingerprint; /* NULL: not known */
	const char *remote_addr;    /* NULL: an operator's doing */
	const char *request_id;	    /* NULL or "" : none */
	bool always;		    /* it changed something: never left out */
};

void ztp_audit(struct ztp_gate *gate, const struct ztp_audit *record);

/* From TICK: tells what was left out. */
void ztp_audit_tick(struct ztp_gate *gate, int64_t now_ms);

#endif
