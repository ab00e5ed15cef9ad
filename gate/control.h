/*
 * gate/control.h - $CONTROL/ztp/v1: commands as docs/control.md tells them.
 * control.c takes a message apart and answers; the commands are functions of
 * control_registry.c, control_device.c and control_pending.c, found by name,
 * and have in common what is in control_reply.c.
 */
#ifndef ZTP_GATE_CONTROL_H
#define ZTP_GATE_CONTROL_H

#include <cjson/cJSON.h>

#include "gate/gate.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

/* MOSQ_EVT_CONTROL. Always 0: anything else disconnects the caller. */
int ztp_control(int event, void *event_data, void *userdata);

/* What a command answers: data when code is "OK", else error. */
struct ztp_reply {
	const char *code;
	cJSON *data; /* owned; an object */
	char error[256];
};

/* A command: takes its members from `in` and fills the reply, which comes in
 * as OK with an empty object. Writes and effects: ztp_control_commit first,
 * effects on sessions after it has returned true. */
typedef void ztp_command_fn(struct ztp_gate *gate, const cJSON *in,
			    struct ztp_reply *reply);

ztp_command_fn ztp_control_create_registry, ztp_control_get_registry,
	ztp_control_list_registries, ztp_control_modify_registry,
	ztp_control_delete_registry, ztp_control_add_ca, ztp_control_remove_ca;
ztp_command_fn ztp_control_create_device, ztp_control_reject_device,
	ztp_control_get_device, ztp_control_list_devices,
	ztp_control_delete_device, ztp_control_block_device,
	ztp_control_unblock_device;
ztp_command_fn ztp_control_list_pending, ztp_control_ack_pending,
	ztp_control_get_info;

/* --- for the commands */

/* Makes the reply an error; returns false, so that a caller can return it. */
bool ztp_reply_fail(struct ztp_reply *reply, const char *code,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same from an operation's error: UNAVAILABLE, RESOURCE_EXHAUSTED,
 * INTERNAL or INVALID_ARGUMENT. */
bool ztp_reply_error(struct ztp_reply *reply, const struct ztp_error *error);

/* Commits; false, and the reply an error, when that failed. */
bool ztp_control_commit(struct ztp_gate *gate, struct ztp_reply *reply);

/* Members of a command. False: the reply is an error. Strings belong to in. */
bool ztp_control_string(const char **value, const cJSON *in, const char *name,
			size_t max, bool required, struct ztp_reply *reply);
bool ztp_control_path(struct ztp_path *path, const cJSON *in,
		      struct ztp_reply *reply);
/* *present (may be NULL: then it is required) tells whether it is there. */
bool ztp_control_fingerprint(uint8_t fingerprint[ZTP_SHA256_LEN], bool *present,
			     const cJSON *in, struct ztp_reply *reply);
/* An existing registry by member `registry`. */
struct ztp_registry *ztp_control_registry(struct ztp_gate *gate,
					  const cJSON *in,
					  struct ztp_reply *reply);
/* `after` ("" when absent) and `limit`. */
bool ztp_control_page(const char **after, int64_t *limit, const cJSON *in,
		      struct ztp_reply *reply);

/* Members of an answer. */
void ztp_reply_hex(cJSON *object, const char *name,
		   const uint8_t digest[ZTP_SHA256_LEN]);
void ztp_reply_time(cJSON *object, const char *name, int64_t ms);

/* An audit record of an operator's doing. */
void ztp_control_note(struct ztp_gate *gate, const char *verdict,
		      const char *code, const char *path,
		      const uint8_t *fingerprint, const char *request_id);

/* The live session of a path under a key, held or a device's; or NULL. */
struct ztp_session *ztp_control_live(struct ztp_gate *gate, const char *path,
				     const uint8_t spki_sha256[ZTP_SHA256_LEN]);

#endif
