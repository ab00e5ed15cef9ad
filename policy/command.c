#include "ztp/command.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/json.h"

static const char json_type[] = "application/json";

static bool has_payload(const struct ztp_command *command)
{
	return command->payload && command->payload->kind != ZTP_PAYLOAD_NONE;
}

/* --- the envelope */

static bool add_given(cJSON *envelope, const char *name, const char *text)
{
	if (!text || !text[0])
		return true;
	return cJSON_AddStringToObject(envelope, name, text);
}

static bool add_base64(cJSON *envelope, const struct ztp_payload *payload)
{
	const void *bytes = payload->len ? (const void *)payload->data : "";
	char *text = malloc(4 * ((payload->len + 2) / 3) + 1);
	bool ok = false;

	if (text) {
		(void)ztp_base64_encode(text, bytes, payload->len);
		ok = cJSON_AddStringToObject(envelope, "payload_base64", text);
	}
	free(text);
	return ok;
}

/* JSON goes in raw, so that its digits and its order stay as written; an
 * OmniCore text as a string. */
static bool add_text(cJSON *envelope, const struct ztp_payload *payload)
{
	char *text = malloc(payload->len + 1);
	bool ok = false;

	if (text) {
		if (payload->len)
			memcpy(text, payload->data, payload->len);
		text[payload->len] = '\0';
		ok = payload->kind == ZTP_PAYLOAD_JSON
			     ? cJSON_AddRawToObject(envelope, "payload", text)
			     : cJSON_AddStringToObject(envelope, "payload",
						       text);
	}
	free(text);
	return ok;
}

static bool add_all(cJSON *envelope, const struct ztp_command *command)
{
	const struct ztp_payload *payload = command->payload;

	if (!cJSON_AddStringToObject(envelope, "type", "provisioning") ||
	    !cJSON_AddStringToObject(envelope, "request_id",
				     command->request_id) ||
	    !cJSON_AddStringToObject(envelope, "status", command->status) ||
	    !cJSON_AddStringToObject(envelope, "device_path", command->path) ||
	    !add_given(envelope, "reason", command->reason) ||
	    !add_given(envelope, "message", command->message))
		return false;
	if (!has_payload(command))
		return true;
	if (payload->kind == ZTP_PAYLOAD_BYTES ? !add_base64(envelope, payload)
					       : !add_text(envelope, payload))
		return false;
	return add_given(envelope, "content_type", payload->content_type);
}

static int build_envelope(struct ztp_command_bytes *bytes,
			  const struct ztp_command *command,
			  struct ztp_error *error)
{
	cJSON *envelope = cJSON_CreateObject();
	char *text = NULL;

	if (envelope && add_all(envelope, command))
		text = cJSON_PrintUnformatted(envelope);
	cJSON_Delete(envelope);
	if (!text)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	bytes->data = (uint8_t *)text;
	bytes->len = strlen(text);
	memcpy(bytes->content_type, json_type, sizeof(json_type));
	return 0;
}

/* --- raw */

static const char *raw_type(const struct ztp_payload *payload)
{
	if (payload->content_type[0])
		return payload->content_type;
	switch (payload->kind) {
	case ZTP_PAYLOAD_JSON:
		return json_type;
	case ZTP_PAYLOAD_TEXT:
		return "text/plain";
	default:
		return "application/octet-stream";
	}
}

static int build_raw(struct ztp_command_bytes *bytes,
		     const struct ztp_command *command, struct ztp_error *error)
{
	const struct ztp_payload *payload = command->payload;
	bool given = has_payload(command);
	const char *type = given ? raw_type(payload) : "";

	bytes->len = given ? payload->len : 0;
	bytes->data = malloc(bytes->len + 1);
	if (!bytes->data)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (bytes->len)
		memcpy(bytes->data, payload->data, bytes->len);
	bytes->data[bytes->len] = '\0';
	memcpy(bytes->content_type, type, strlen(type) + 1);
	return 0;
}

int ztp_command_build(struct ztp_command_bytes *bytes,
		      enum ztp_command_format format,
		      const struct ztp_command *command,
		      struct ztp_error *error)
{
	memset(bytes, 0, sizeof(*bytes));
	if (format == ZTP_COMMAND_RAW)
		return build_raw(bytes, command, error);
	return build_envelope(bytes, command, error);
}

void ztp_command_clear(struct ztp_command_bytes *bytes)
{
	if (!bytes)
		return;
	free(bytes->data);
	bytes->data = NULL;
	bytes->len = 0;
}

/* --- the device's answer */

/* A device that has much to say has still said whether it applied: the
 * message is cut, at a character. */
static void cut_message(char out[ZTP_MESSAGE_MAX + 1], const char *text)
{
	size_t n = strlen(text);

	if (n > ZTP_MESSAGE_MAX) {
		n = ZTP_MESSAGE_MAX;
		while (n && ((uint8_t)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, text, n);
	out[n] = '\0';
}

static int read_applied(struct ztp_applied *applied, const cJSON *object,
			struct ztp_error *error)
{
	const char *id, *status, *message;
	int rc;

	if (!cJSON_IsObject(object))
		return ztp_fail(error, ZTP_ERR_TYPE, "not a JSON object");
	rc = ztp_json_string(&id, object, "request_id", ZTP_REQUEST_ID_MAX,
			     error);
	if (!rc)
		rc = ztp_json_string(&status, object, "status", ZTP_APPLIED_MAX,
				     error);
	if (!rc)
		rc = ztp_json_string(&message, object, "message",
				     ZTP_APPLIED_MAX, error);
	if (rc)
		return rc;
	if (!id || !status)
		return ztp_fail(error, ZTP_ERR_MISSING, "%s is missing",
				id ? "status" : "request_id");
	if (!ztp_request_id_valid(id, strlen(id)))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"request_id is not well-formed");
	applied->applied = !strcmp(status, "applied");
	if (!applied->applied && strcmp(status, "failed") != 0)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"status is neither applied nor failed");
	memcpy(applied->request_id, id, strlen(id) + 1);
	cut_message(applied->message, message ? message : "");
	return 0;
}

int ztp_applied_parse(struct ztp_applied *applied, const char *text, size_t len,
		      struct ztp_error *error)
{
	cJSON *tree;
	int rc;

	memset(applied, 0, sizeof(*applied));
	rc = ztp_json_parse(&tree, text, len, ZTP_APPLIED_MAX, error);
	if (rc)
		return rc;
	rc = read_applied(applied, tree, error);
	cJSON_Delete(tree);
	return rc;
}
