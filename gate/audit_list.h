/*
 * gate/audit_list.h - audit records on their way to the broker: each by itself
 * on ztp/v1/audit, for people, and those of one turn of its loop together in an
 * array on ztp/v1/audits, for bridges. The bridge's session costs the broker
 * one message instead of one for each record, of which every device has
 * several.
 */
#ifndef ZTP_GATE_AUDIT_LIST_H
#define ZTP_GATE_AUDIT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "ztp/gate_protocol.h"

struct cJSON;
struct ztp_gate;

/* Records that are to be sent, as they stand in the array. A record has some
 * 300 bytes. */
struct ztp_audit_list {
	size_t len, count;
	char text[ZTP_AUDITS_MAX];
};

/* Publishes a record by itself and puts it into the array. Frees object; NULL
 * counts as out of memory. False: it was not published. */
bool ztp_audit_list_send(struct ztp_gate *gate, struct cJSON *object);

/* Publishes the array. Called from TICK. */
void ztp_audit_list_flush(struct ztp_gate *gate);

#endif
