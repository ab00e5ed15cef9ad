/*
 * gate/stored.h - whose is what the broker has stored for a path? The broker's
 * file is older than the registry: after a kill it may bring back a session, with
 * what was queued for it, of a key that the path had when the file was saved. So
 * nothing that is stored is taken to be the device's whose first session came after
 * that. Broker thread only.
 */
#ifndef ZTP_GATE_STORED_H
#define ZTP_GATE_STORED_H

#include <stdbool.h>
#include <stdint.h>

struct ztp_gate;

/* At start, before the first event: finds out when the broker saved last. */
void ztp_stored_start(struct ztp_gate *gate);

/* For a path without an entry in gate/sessions.h. connected_at: of its device. */
bool ztp_stored_is_of(const struct ztp_gate *gate, int64_t connected_at);
/* What is to be written as connected_at. */
int64_t ztp_stored_now(const struct ztp_gate *gate);

#endif
