/*
 * gate/control.h - the commands on $CONTROL/ztp/v1, as docs/control.md
 * describes them. control_queue.c has the messages, control.c reads them and
 * answers. The commands are
 * functions in control_registry.c, control_device.c, control_create.c,
 * control_export.c, control_import.c and control_pending.c, found by name; control_reply.c has what they share.
 */
#ifndef ZTP_GATE_CONTROL_H
#define ZTP_GATE_CONTROL_H

#include <cjson/cJSON.h>

#include "gate/devices.h"
#include "gate/gate.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

/* MOSQ_EVT_CONTROL (control_queue.c). Always returns 0: anything else
 * disconnects the client. */
int ztp_control(int event, void *event_data, void *userdata);

/* The answer to a command: data if code is "OK", otherwise error. */
struct ztp_reply {
	const char *code;
	cJSON *data;   /* owned; an object */
	int64_t sweep; /* its id, if data is complete when that is done */
	char error[256];
};

/* A command reads its members from `in` and fills the reply, which starts as OK
 * with an empty object. A command that writes calls ztp_control_commit, and
 * touches sessions only after that has returned true. */
typedef void ztp_command_fn(struct ztp_gate *gate, const cJSON *in,
			    struct ztp_reply *reply);

ztp_command_fn ztp_control_create_registry, ztp_control_get_registry,
	ztp_control_list_registries, ztp_control_modify_registry,
	ztp_control_delete_registry, ztp_control_add_ca, ztp_control_remove_ca,
	ztp_control_export_registry;
ztp_command_fn ztp_control_create_device, ztp_control_reject_device,
	ztp_control_get_device, ztp_control_list_devices,
	ztp_control_delete_device, ztp_control_block_device,
	ztp_control_unblock_device, ztp_control_resend_device,
	ztp_control_import_device;
ztp_command_fn ztp_control_list_pending, ztp_control_ack_pending,
	ztp_control_reject_pending, ztp_control_get_info;

/* --- for the commands */

/* Turns the reply into an error. Returns false, so that a caller can return
 * it. */
bool ztp_reply_fail(struct ztp_reply *reply, const char *code,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for an operation's error: UNAVAILABLE, RESOURCE_EXHAUSTED, INTERNAL
 * or INVALID_ARGUMENT. */
bool ztp_reply_error(struct ztp_reply *reply, const struct ztp_error *error);

/* What the command has written is complete, and will be committed together with
 * all else that is written now; or it has been, if the last write had failed
 * (ztp_gate_secure). Returns false and turns the reply into an error if that
 * fails. */
bool ztp_control_commit(struct ztp_gate *gate, struct ztp_reply *reply);

/* Read a command's members. False: the reply is an error. Strings belong to
 * `in`. */
bool ztp_control_string(const char **value, const cJSON *in, const char *name,
			size_t max, bool required, struct ztp_reply *reply);
bool ztp_control_path(struct ztp_path *path, const cJSON *in,
		      struct ztp_reply *reply);
/* *present says whether it is given. present may be NULL: then it is
 * required. */
bool ztp_control_fingerprint(uint8_t fingerprint[ZTP_SHA256_LEN], bool *present,
			     const cJSON *in, struct ztp_reply *reply);
/* `retry_after_s`, or the default, from now on the wall clock. */
bool ztp_control_retry_at(int64_t *at, struct ztp_gate *gate, const cJSON *in,
			  struct ztp_reply *reply);
/* The existing registry that the member `registry` names. */
struct ztp_registry *ztp_control_registry(struct ztp_gate *gate,
					  const cJSON *in,
					  struct ztp_reply *reply);

/* --- lists, one page at a time */

struct ztp_page {
	struct ztp_gate *gate;
	const struct ztp_registry *registry; /* this one only; NULL: all */
	const char *after;		     /* "": from the start */
	int64_t limit, count;
	bool more;
	char last[ZTP_PATH_MAX + 1]; /* the cursor of the last row */
	cJSON *rows;		     /* in the reply */
};

/* Reads a list command's `after` and `limit`, and adds the list of rows to the
 * answer under this name. False: the reply is an error. */
bool ztp_page_begin(struct ztp_page *page, struct ztp_gate *gate,
		    const cJSON *in, const char *name, struct ztp_reply *reply);
/* Reads `registry`, for commands that have it. */
bool ztp_page_registry(struct ztp_page *page, const cJSON *in,
		       struct ztp_reply *reply);
/* Adds an object for another row, which the caller fills. The next page starts
 * after this cursor if the row is the last one. NULL: the page is full. */
cJSON *ztp_page_row(struct ztp_page *page, const char *cursor);
void ztp_page_end(struct ztp_page *page, struct ztp_reply *reply);

/* Publishes an audit record of an operator's command. */
void ztp_control_note(struct ztp_gate *gate, const char *verdict,
		      const char *code, const char *path,
		      const uint8_t *fingerprint, const char *request_id);

/* The live session of a path with this key, whether held or a device's; or
 * NULL. */
struct ztp_session *ztp_control_live(struct ztp_gate *gate, const char *path,
				     const uint8_t spki_sha256[ZTP_SHA256_LEN]);
/* Adds `live` and `subscribed` to an answer. */
void ztp_control_describe_live(cJSON *object, struct ztp_gate *gate,
			       const char *path,
			       const uint8_t spki_sha256[ZTP_SHA256_LEN]);
/* Adds `connection` and `credential`, if the session is live. */
void ztp_control_describe_connection(cJSON *object, struct ztp_gate *gate,
				     const char *path,
				     const uint8_t spki_sha256[ZTP_SHA256_LEN]);

/* --- what createDevice and importDevice share (control_create.c) */

/* Reads the member `metadata` as JSON text, which the caller frees with
 * cJSON_free; NULL: there is none. */
bool ztp_control_metadata(char **metadata, const cJSON *in,
			  struct ztp_reply *reply);
/* Is the command topic free? A template may render two paths to the same topic;
 * the first device keeps it. */
bool ztp_control_topic_free(struct ztp_gate *gate, const struct ztp_path *path,
			    struct ztp_reply *reply);
/* Writes the device, its topic, and the end of the path's candidates. */
int ztp_control_insert(struct ztp_gate *gate, struct ztp_registry *registry,
		       const struct ztp_path *path,
		       const struct ztp_device *device, const char *metadata,
		       struct ztp_error *error);
/* Goes through the path's sessions: the one with this key gets a device's
 * rights, all others end. */
void ztp_control_settle(struct ztp_gate *gate, const struct ztp_device *device);

#endif
