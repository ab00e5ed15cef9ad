#include "ztp/command.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/json_write.h"
#include "ztp/json.h"
#include "ztp/member.h"

#define ENVELOPE_ROOM 1024 /* bytes; grows if necessary */
#define STATUS_QUOTED 32   /* bytes of a status that is not known */

static const char json_type[] = ZTP_MEDIA_JSON;

static bool has_payload(const struct ztp_command *command)
{
	return command->payload && command->payload->kind != ZTP_PAYLOAD_NONE;
}

/* --- the envelope */

static void add_given(struct ztp_writer *envelope, const char *name,
		      const char *text)
{
	if (text && text[0])
		ztp_json_add_string(envelope, name, text);
}

/* JSON is inserted as written, so that its digits and its order stay. An
 * OmniCore text becomes a string. */
static void add_payload(struct ztp_writer *envelope,
			const struct ztp_payload *payload)
{
	const struct ztp_str data = {
		payload->len ? (const char *)payload->data : "", payload->len};

	switch (payload->kind) {
	case ZTP_PAYLOAD_JSON:
		ztp_json_add_raw(envelope, ZTP_M_PAYLOAD, data);
		break;
	case ZTP_PAYLOAD_BYTES:
		ztp_json_add_base64(envelope, ZTP_M_PAYLOAD_B64, data.p,
				    data.n);
		break;
	default:
		ztp_json_add_text(envelope, ZTP_M_PAYLOAD, data);
		break;
	}
	add_given(envelope, ZTP_M_CONTENT_TYPE, payload->content_type);
}

static int build_envelope(struct ztp_command_bytes *bytes,
			  const struct ztp_command *command,
			  struct ztp_error *error)
{
	struct ztp_writer envelope;
	char *text;
	int rc;

	ztp_json_start(&envelope, ENVELOPE_ROOM);
	ztp_json_open(&envelope, NULL, '{');
	ztp_json_add_string(&envelope, ZTP_M_TYPE, ZTP_COMMAND_TYPE);
	ztp_json_add_string(&envelope, ZTP_M_REQUEST_ID, command->request_id);
	ztp_json_add_string(&envelope, ZTP_M_STATUS, command->status);
	ztp_json_add_string(&envelope, ZTP_M_DEVICE_PATH, command->path);
	add_given(&envelope, ZTP_M_REASON, command->reason);
	add_given(&envelope, ZTP_M_MESSAGE, command->message);
	if (has_payload(command))
		add_payload(&envelope, command->payload);
	if (command->payload_erased)
		ztp_json_add_raw(&envelope, ZTP_M_PAYLOAD_ERASED,
				 ztp_str_of("true"));
	ztp_json_close(&envelope, '}');
	rc = ztp_json_finish(&text, &bytes->len, &envelope, error);
	if (rc)
		return rc;
	bytes->data = (uint8_t *)text;
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
		return ZTP_MEDIA_TEXT;
	default:
		return ZTP_MEDIA_BYTES;
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

/* --- its size on the wire */

/* A variable byte integer: MQTT 5 section 1.5.5. */
static size_t varint_size(size_t value)
{
	size_t n = 1;

	for (; value > 127; value >>= 7)
		n++;
	return n;
}

static size_t properties_size(const struct ztp_command_bytes *bytes,
			      const char *request_id, const char *status)
{
	/* Each has one byte of identifier, and each text two of length. */
	const size_t expiry = 1 + 4, text = 1 + 2, pair = 1 + 2 + 2;
	size_t id = strlen(request_id);
	size_t n = expiry + text + id;

	n += pair + sizeof(ZTP_M_REQUEST_ID) - 1 + id;
	n += pair + sizeof(ZTP_M_STATUS) - 1 + strlen(status);
	if (bytes->content_type[0])
		n += text + strlen(bytes->content_type);
	return n;
}

size_t ztp_command_size(const struct ztp_command_bytes *bytes,
			const char *topic, const char *request_id,
			const char *status, bool version_5)
{
	size_t rest = 2 + strlen(topic) + 2 + bytes->len; /* and packet id */

	if (version_5) {
		size_t n = properties_size(bytes, request_id, status);

		rest += varint_size(n) + n;
	}
	return 1 + varint_size(rest) + rest;
}

/* --- the device's answer */

enum member { REQUEST_ID, STATUS, MESSAGE, MEMBERS };

/* A message that is too long is truncated, and one that is no string, such as a
 * number of firmware's, is taken as it is written: the answer still says whether
 * the device applied the command. */
static int read_message(char out[ZTP_MESSAGE_MAX + 1],
			struct ztp_object *answer, struct ztp_error *error)
{
	const struct ztp_field *field = &answer->fields[MESSAGE];
	struct ztp_str text = field->raw;
	size_t n;
	int rc = 0;

	if (field->kind == '"' || !ztp_field_given(field))
		rc = ztp_object_string(&text, answer, MESSAGE, ZTP_APPLIED_MAX,
				       error);
	if (rc)
		return rc;
	n = text.n;

	if (n > ZTP_MESSAGE_MAX)
		n = ztp_utf8_cut(text.p, ZTP_MESSAGE_MAX);
	if (n > 0)
		memcpy(out, text.p, n);
	out[n] = '\0';
	return 0;
}

/* Said in full: the device's own word for its status, cut and made harmless. */
static int refuse_status(struct ztp_str status, struct ztp_error *error)
{
	char word[STATUS_QUOTED + 1];
	size_t n = status.n, i;

	if (n > STATUS_QUOTED)
		n = ztp_utf8_cut(status.p, STATUS_QUOTED);
	for (i = 0; i < n; i++)
		word[i] = status.p[i] < ' ' && status.p[i] >= 0 ? '?'
								: status.p[i];
	word[n] = '\0';
	return ztp_fail(error, ZTP_ERR_VALUE,
			"the status \"%s\" is neither " ZTP_STATUS_APPLIED
			" nor " ZTP_STATUS_FAILED,
			word);
}

static int missing(const char *name, struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_MISSING, "%s is missing", name);
}

/* Capitals and white space do not matter: no other word is meant. */
static bool is_status(struct ztp_str status, const char *word)
{
	status = ztp_str_trim(status);
	return status.n == strlen(word) &&
	       strncasecmp(status.p, word, status.n) == 0;
}

static int read_applied(struct ztp_applied *applied, struct ztp_object *answer,
			struct ztp_error *error)
{
	struct ztp_str id, status;
	int rc;

	if (!answer->is_object)
		return ztp_fail(error, ZTP_ERR_TYPE, "not a JSON object");
	rc = ztp_object_string(&id, answer, REQUEST_ID, ZTP_REQUEST_ID_MAX,
			       error);
	if (rc)
		return rc;
	if (!id.p)
		return missing(ZTP_M_REQUEST_ID, error);
	if (!ztp_request_id_valid(id.p, id.n))
		return ztp_fail(error, ZTP_ERR_VALUE,
				ZTP_M_REQUEST_ID " is not well-formed");
	memcpy(applied->request_id, id.p, id.n); /* already zeroed */
	rc = ztp_object_string(&status, answer, STATUS, ZTP_APPLIED_MAX, error);
	if (rc)
		return rc;
	if (!status.p)
		return missing(ZTP_M_STATUS, error);
	applied->applied = is_status(status, ZTP_STATUS_APPLIED);
	if (!applied->applied && !is_status(status, ZTP_STATUS_FAILED))
		return refuse_status(status, error);
	return read_message(applied->message, answer, error);
}

/* Without what C and Windows add to a text: NULs at its end, a byte order mark
 * at its beginning. Neither can be part of an answer, so nothing is guessed. */
static struct ztp_str plain_text(struct ztp_str text)
{
	while (text.n > 0 && text.p[text.n - 1] == '\0')
		text.n--;
	(void)ztp_str_take(&text, "\xef\xbb\xbf");
	return ztp_str_trim(text);
}

int ztp_applied_parse(struct ztp_applied *applied, const char *text, size_t len,
		      struct ztp_error *error)
{
	struct ztp_field fields[MEMBERS] = {
		[REQUEST_ID] = {.name = ZTP_M_REQUEST_ID},
		[STATUS] = {.name = ZTP_M_STATUS},
		[MESSAGE] = {.name = ZTP_M_MESSAGE},
	};
	struct ztp_object answer;
	struct ztp_str plain = plain_text((struct ztp_str){text, len});
	int rc;

	memset(applied, 0, sizeof(*applied));
	if (plain.n == 0)
		return ztp_fail(error, ZTP_ERR_EMPTY, "it is empty");
	rc = ztp_object_read(&answer, fields, MEMBERS, plain, ZTP_APPLIED_MAX,
			     error);
	if (rc)
		return rc;
	rc = read_applied(applied, &answer, error);
	ztp_object_clear(&answer);
	return rc;
}
