/*
 * ztp/command.h - what the device gets on its command topic: the envelope, or
 * the payload's bytes as they are (DESIGN sections 3 and 11).
 */
#ifndef ZTP_COMMAND_H
#define ZTP_COMMAND_H

#include "ztp/decision.h"

/* `type` and `status` of the envelope; status is a user property as well. */
#define ZTP_COMMAND_TYPE    "provisioning"
#define ZTP_STATUS_PENDING  "pending" /* by the gate: held */
#define ZTP_STATUS_APPROVED "approved"
#define ZTP_STATUS_REJECTED "rejected"

/* Where a device answers, below its path, and the `status` of its answer. */
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
};

struct ztp_command_bytes {
	uint8_t *data; /* owned; never NULL after success */
	size_t len;
	/* of the MQTT message: application/json for the envelope; raw: the
	 * payload's own, else what its kind suggests; "" without payload */
	char content_type[ZTP_CONTENT_TYPE_MAX + 1];
};

/* Envelope members, in this order: type, request_id, status, device_path,
 * reason, message, payload | payload_base64, content_type; absent ones are
 * left out. The payload goes in as it was written. */
int ztp_command_build(struct ztp_command_bytes *bytes,
		      enum ztp_command_format format,
		      const struct ztp_command *command,
		      struct ztp_error *error);
void ztp_command_clear(struct ztp_command_bytes *bytes);

/* The device's own answer, on its path and ZTP_APPLIED_SUFFIX. */
struct ztp_applied {
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	bool applied; /* else failed */
	char message[ZTP_MESSAGE_MAX + 1];
};

#define ZTP_APPLIED_MAX (8 * 1024)

int ztp_applied_parse(struct ztp_applied *applied, const char *text, size_t len,
		      struct ztp_error *error);

#endif
