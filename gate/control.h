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

#define ZTP_CONTROL_TOPIC    "$CONTROL/ztp/v1"
#define ZTP_CONTROL_RESPONSE "$CONTROL/ztp/v1/response"

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
/* --- lists, a page at a time */

struct ztp_page {
	struct ztp_gate *gate;
	const struct ztp_registry *registry; /* the only one, or NULL: all */
	const char *after;		     /* "" : from the start */
	int64_t limit, count;
	bool more;
	char last[ZTP_PATH_MAX + 1]; /* of the rows on it */
	cJSON *rows;		     /* the reply's */
};

/* What a list command asks for: `after` and `limit`. The rows become a member
 * of the answer by this name. False: the reply is an error. */
bool ztp_page_begin(struct ztp_page *page, struct ztp_gate *gate,
		    const cJSON *in, const char *name, struct ztp_reply *reply);
/* Likewise `registry`, where the command has one. */
bool ztp_page_registry(struct ztp_page *page, const cJSON *in,
		       struct ztp_reply *reply);
/* An object for one more row, which the caller fills; where the next page
 * starts when this is the last one. NULL: the page is full. */
cJSON *ztp_page_row(struct ztp_page *page, const char *cursor);
void ztp_page_end(struct ztp_page *page, struct ztp_reply *reply);

/* An audit record of an operator's doing. */
void ztp_control_note(struct ztp_gate *gate, const char *verdict,
		      const char *code, const char *path,
		      const uint8_t *fingerprint, const char *request_id);

/* The live session of a path under a key, held or a device's; or NULL. */
struct ztp_session *ztp_control_live(struct ztp_gate *gate, const char *path,
				     const uint8_t spki_sha256[ZTP_SHA256_LEN]);
/* Says so in an answer: `live`, `subscribed`. */
void ztp_control_describe_live(cJSON *object, struct ztp_gate *gate,
			       const char *path,
			       const uint8_t spki_sha256[ZTP_SHA256_LEN]);

#endif
