/*
 * gate/control_queue.h - messages of commands and their turns. Broker thread
 * only.
 */
#ifndef ZTP_GATE_CONTROL_QUEUE_H
#define ZTP_GATE_CONTROL_QUEUE_H

#include <cjson/cJSON.h>

#include "gate/gate.h"

/* Goes on with what waits. */
void ztp_control_tick(struct ztp_gate *gate);

/* --- control.c */

/* Reads a message. Returns its first command, which belongs to *tree as all of
 * them do; NULL: there is none, or a response says why it cannot be read. The
 * caller deletes *tree, which may be NULL. */
const cJSON *ztp_control_read(cJSON **tree, const char *text, size_t len,
			      cJSON *responses);
/* Executes a command and adds the response to it, unless there is no memory. */
void ztp_control_answer(struct ztp_gate *gate, bool allowed, const cJSON *in,
			cJSON *responses);

#endif
