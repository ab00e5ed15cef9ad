/*
 * ztp/command.h - the message on a device's command topic, which is an envelope
 * or the payload's own bytes, and the device's answer to it (DESIGN sections 3
 * and 11). Pure; any thread.
 */
#ifndef ZTP_COMMAND_H
#define ZTP_COMMAND_H

#include "ztp/decision.h"

/* `type` and `status` of the envelope; status is a user property as well. */
#define ZTP_COMMAND_TYPE    "provisioning"
#define ZTP_STATUS_PENDING  "pending" /* from the gate: the device is held */
#define ZTP_STATUS_APPROVED "approved"
#define ZTP_STATUS_REJECTED "rejected"

/* The topic of a device's answer, after its path, and the `status` in it. */
#define ZTP_APPLIED_SUFFIX "/events/provisioning"
#define ZTP_STATUS_APPLIED "applied"
#define ZTP_STATUS_FAILED  "failed"

enum ztp_command_format { ZTP_COMMAND_ENVELOPE, ZTP_COMMAND_RAW };

struct ztp_command {
	const char *request_id;
	const char *path;
	const char *status; /* ZTP_STATUS_APPROVED or _REJECTED */
	const char *reason; /* "" or NULL: none */
	const char *message;
	const struct ztp_payload *payload; /* NULL or kind NONE: none */
	bool payload_erased; /* there was one, which is not kept any more */
};

struct ztp_command_bytes {
	uint8_t *data; /* owned; never NULL after success */
	size_t len;
	/* of the MQTT message. Envelope: application/json. Raw: the payload's
	 * own type or the usual one for its kind; "" if there is no payload. */
	char content_type[ZTP_CONTENT_TYPE_MAX + 1];
};

/* The envelope's members, in this order: type, request_id, status,
 * device_path, reason, message, payload or payload_base64, content_type,
 * payload_erased. Absent ones are left out. A JSON payload is inserted as it
 * was written. Returns 0 or ZTP_ERR_NOMEM. The caller frees *bytes with
 * ztp_command_clear. */
int ztp_command_build(struct ztp_command_bytes *bytes,
		      enum ztp_command_format format,
		      const struct ztp_command *command,
		      struct ztp_error *error);
void ztp_command_clear(struct ztp_command_bytes *bytes);

/* The size in bytes of the PUBLISH that carries it (MQTT 3.1.1 and 5, section
 * 3.3) at QoS 1: fixed header, topic, packet id,
 * payload and, on MQTT 5, the properties content type, request_id and status
 * (as user properties), correlation data (the request id) and message
 * expiry. */
size_t ztp_command_size(const struct ztp_command_bytes *bytes,
			const char *topic, const char *request_id,
			const char *status, bool version_5);

/* The device's answer on {device_path}/events/provisioning. */
struct ztp_applied {
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	bool applied; /* else failed */
	char message[ZTP_MESSAGE_MAX + 1];
};

#define ZTP_APPLIED_MAX (8 * 1024) /* bytes */

/* Checks an answer and reads it. Returns 0, an error of ztp_json_check,
 * ZTP_ERR_TYPE, ZTP_ERR_MISSING, ZTP_ERR_VALUE or ZTP_ERR_TOO_LARGE (request_id).
 * A message that is too long is truncated. NULs
 * after the answer, a byte order mark before it and capitals in its status are
 * ignored. If it can be read but for its status, request_id is filled all the
 * same; else it is "". The error quotes at most the status: anything else may
 * be a payload that the device has sent back. */
int ztp_applied_parse(struct ztp_applied *applied, const char *text, size_t len,
		      struct ztp_error *error);

#endif
