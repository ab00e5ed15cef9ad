/*
 * bridge/registrar/broker_probe.h - what the bridge asks a broker that it knows
 * nothing about, once per start. Loop thread only.
 *
 * Only with mqtt.registrar none and MQTT 5. Two questions, on the first
 * connection, before anything else is published there:
 *
 * - Is there a gate? The gate answers getInfo. With one, approvals that do not
 *   go through it create no device, so mqtt.registrar must be gate.
 * - Does a PUBACK say that nobody is subscribed (0x10)? A publish to a topic
 *   that nobody can know tells. Where it does not, or where somebody reads
 *   everything, the broker's word about a command is worth less.
 *
 * A broker that refuses a question, or ends the connection for it, is not asked
 * again: the answer stays unknown.
 */
#ifndef BRIDGE_REGISTRAR_BROKER_PROBE_H
#define BRIDGE_REGISTRAR_BROKER_PROBE_H

#include "bridge/core/core.h"
#include "ztp/gate_protocol.h"

struct mqtt_out;
struct broker_probe;

/* Why the bridge does not work beside that broker as it is configured. */
#define BROKER_HAS_GATE "the broker has a gate: set mqtt.registrar: gate"

enum broker_says { BROKER_SAYS_NOTHING, BROKER_SAYS_YES, BROKER_SAYS_NO };

/* *probe is NULL if nothing is to be asked. Otherwise joins mqtt_out, before
 * other users, and must live as long as mqtt_out is used. */
int broker_probe_new(struct broker_probe **probe, struct core *core,
		     struct mqtt_out *mqtt_out, struct ztp_error *error);
void broker_probe_free(struct broker_probe *probe);

/* The findings; probe may be NULL. Is there a gate? Does the broker say when
 * nobody is subscribed? */
enum broker_says broker_probe_gate(const struct broker_probe *probe);
enum broker_says broker_probe_no_subscriber(const struct broker_probe *probe);

/* An empty message to a topic that nobody can know; *mid: under which its
 * PUBACK comes. Returns what mqtt_out_publish does. */
int broker_probe_publish(struct mqtt_out *mqtt_out, int *mid);

#endif
