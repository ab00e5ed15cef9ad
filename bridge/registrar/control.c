#include "bridge/registrar/control.h"

#include "ztp/gate_protocol.h"
#include "ztp/member.h"
#include "ztp/text.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"

/* --- commands */

void control_begin(struct control_message *m)
{
	m->root = cJSON_CreateObject();
	m->list = m->root ? cJSON_AddArrayToObject(m->root, ZTP_M_COMMANDS)
			  : NULL;
	m->failed = !m->list;
	m->too_large = false;
}

static void add_text(struct control_message *m, cJSON *command,
		     const char *name, const char *text)
{
	if (!command || !cJSON_AddStringToObject(command, name, text))
		m->failed = true;
}

static cJSON *add_command(struct control_message *m, const char *name,
			  const char *correlation)
{
	cJSON *command = m->failed ? NULL : cJSON_CreateObject();

	if (command && !cJSON_AddItemToArray(m->list, command)) {
		cJSON_Delete(command);
		command = NULL;
	}
	add_text(m, command, ZTP_M_COMMAND, name);
	add_text(m, command, ZTP_M_CORRELATION, correlation);
	return command;
}

static cJSON *add_device(struct control_message *m, const char *name,
			 const char *correlation, const struct store_request *r)
{
	cJSON *command = add_command(m, name, correlation);

	add_text(m, command, ZTP_M_DEVICE_PATH, r->path);
	if (!command ||
	    !ztp_tree_add_sha256(command, ZTP_M_FINGERPRINT, r->fingerprint))
		m->failed = true;
	return command;
}

void control_create(struct control_message *m, const char *correlation,
		    const struct store_request *r, const char *metadata)
{
	cJSON *command = add_device(m, ZTP_CMD_CREATE_DEVICE, correlation, r);

	add_text(m, command, ZTP_M_REQUEST_ID, r->id);
	if (!metadata || !*metadata)
		return;
	if (!command ||
	    !cJSON_AddRawToObject(command, ZTP_M_METADATA, metadata))
		m->failed = true;
}

void control_reject(struct control_message *m, const char *correlation,
		    const struct store_request *r, int64_t retry_after_ms)
{
	cJSON *command = add_device(m, ZTP_CMD_REJECT_DEVICE, correlation, r);
	int64_t seconds;

	if (retry_after_ms < 0)
		return;
	if (retry_after_ms > ZTP_CONTROL_RETRY_MAX_S * 1000)
		retry_after_ms = ZTP_CONTROL_RETRY_MAX_S * 1000;
	seconds = (retry_after_ms + 999) / 1000;
	if (!command || !cJSON_AddNumberToObject(command, ZTP_M_RETRY_AFTER,
						 (double)seconds))
		m->failed = true;
}

void control_get(struct control_message *m, const char *correlation,
		 const struct store_request *r)
{
	add_device(m, ZTP_CMD_GET_DEVICE, correlation, r);
}

void control_info(struct control_message *m, const char *correlation,
		  const struct config *config)
{
	cJSON *command = add_command(m, ZTP_CMD_GET_INFO, correlation), *list;
	const struct config_list *ours;

	if (!config)
		return;
	ours = &config->mqtt.subscriptions;
	add_text(m, command, ZTP_M_GROUP, config->kafka.group);
	m->failed |= !command ||
		     !ztp_tree_add_time(command, ZTP_M_NOW, ztp_clock_wall());
	list = command ? cJSON_AddArrayToObject(command, ZTP_M_SUBSCRIPTIONS)
		       : NULL;
	m->failed |= !list;
	for (size_t i = 0; i < ours->count && !m->failed; i++)
		m->failed = !cJSON_AddItemToArray(
			list, cJSON_CreateString(ours->items[i]));
}

void control_ack(struct control_message *m, const char *correlation,
		 const char (*ids)[ZTP_REQUEST_ID_MAX + 1], size_t n)
{
	cJSON *command = add_command(m, ZTP_CMD_ACK_PENDING, correlation),
	      *list;
	size_t i;

	list = command ? cJSON_AddArrayToObject(command, ZTP_M_REQUEST_IDS)
		       : NULL;
	if (!list)
		m->failed = true;
	for (i = 0; i < n && !m->failed; i++)
		m->failed =
			!cJSON_AddItemToArray(list, cJSON_CreateString(ids[i]));
}

bool control_publish(struct control_message *m, struct mqtt_out *mqtt_out)
{
	char *text = m->failed ? NULL : cJSON_PrintUnformatted(m->root);
	int rc = MOSQ_ERR_NOMEM;

	if (text)
		rc = mqtt_out_publish(mqtt_out, NULL, ZTP_MQTT_CONTROL, text,
				      strlen(text), NULL);
	m->too_large = rc == MOSQ_ERR_OVERSIZE_PACKET;
	cJSON_free(text);
	return rc == MOSQ_ERR_SUCCESS;
}

void control_halve(struct control_message *m, struct control_message *rest)
{
	int keep = (cJSON_GetArraySize(m->list) + 1) / 2;
	cJSON *command;

	control_begin(rest);
	while ((command = cJSON_DetachItemFromArray(m->list, keep)) != NULL) {
		if (rest->failed ||
		    !cJSON_AddItemToArray(rest->list, command)) {
			cJSON_Delete(command);
			rest->failed = true;
		}
	}
}

void control_end(struct control_message *m)
{
	cJSON_Delete(m->root);
	m->root = m->list = NULL;
}

bool control_send(struct control_message *m, struct mqtt_out *mqtt_out)
{
	bool sent = control_publish(m, mqtt_out);

	control_end(m);
	return sent;
}

/* --- answers */

static bool is_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* An id is a text of the gate's choice; to be told apart is all that it is
 * for. */
int64_t control_connection(const cJSON *object)
{
	const char *id = ztp_tree_text(object, ZTP_M_CONNECTION);
	uint8_t digest[ZTP_SHA256_LEN];
	int64_t hash;

	if (!*id)
		return 0;
	ztp_sha256(digest, id, strlen(id));
	memcpy(&hash, digest, sizeof(hash));
	return hash ? hash : 1;
}

bool control_certificate(const cJSON *object)
{
	return strcmp(ztp_tree_text(object, ZTP_M_CREDENTIAL),
		      ZTP_CREDENTIAL_CERTIFICATE) == 0;
}

/* What is cut has no half character at its end: a part of it may become a
 * member of a result. */
static void copy_text(char *out, size_t size, const cJSON *object,
		      const char *name)
{
	const char *text = ztp_tree_text(object, name);
	size_t n = strlen(text);

	if (n >= size)
		n = ztp_utf8_cut(text, size - 1);
	memcpy(out, text, n);
	out[n] = '\0';
}

void control_read(struct control_answer *a, const cJSON *response)
{
	const cJSON *data =
		cJSON_GetObjectItemCaseSensitive(response, ZTP_M_DATA);
	const char *hex = ztp_tree_text(data, ZTP_M_FINGERPRINT);

	copy_text(a->code, sizeof(a->code), response, ZTP_M_CODE);
	if (!*a->code)
		snprintf(a->code, sizeof(a->code), "%s",
			 data ? ZTP_CODE_OK : ZTP_CODE_INTERNAL);
	copy_text(a->message, sizeof(a->message), response, ZTP_M_ERROR);
	copy_text(a->state, sizeof(a->state), data, ZTP_M_STATE);
	copy_text(a->request_id, sizeof(a->request_id), data, ZTP_M_REQUEST_ID);
	a->has_fingerprint = ztp_hex_decode(a->fingerprint, ZTP_SHA256_LEN, hex,
					    strlen(hex));
	a->live = is_true(data, ZTP_M_LIVE);
	a->subscribed = a->live && is_true(data, ZTP_M_SUBSCRIBED);
	a->connection = control_connection(data);
	a->certificate = control_certificate(data);
}

bool control_is(const struct control_answer *a, const char *code)
{
	return strcmp(a->code, code) == 0;
}

bool control_is_denied(const struct control_answer *a)
{
	return control_is(a, ZTP_CODE_PERMISSION_DENIED) ||
	       control_is(a, ZTP_CODE_UNAVAILABLE);
}

static bool state_is(const struct control_answer *a, const char *state)
{
	return strcmp(a->state, state) == 0;
}

static bool same_key(const struct control_answer *a,
		     const struct store_request *r)
{
	return a->has_fingerprint &&
	       memcmp(a->fingerprint, r->fingerprint, ZTP_SHA256_LEN) == 0;
}

bool control_is_any(const struct control_answer *a)
{
	return control_is(a, ZTP_CODE_OK) && (state_is(a, ZTP_DEVICE_ACTIVE) ||
					      state_is(a, ZTP_DEVICE_BLOCKED));
}

bool control_is_device(const struct control_answer *a,
		       const struct store_request *r)
{
	return control_is_any(a) && same_key(a, r) &&
	       strcmp(a->request_id, r->id) == 0;
}

/* The gate answered OK to createDevice for this device, so it has the device
 * under this request's id, or the device has been deleted since. */
bool control_is_gone(const struct control_answer *a,
		     const struct store_request *r)
{
	return control_is(a, ZTP_CODE_NOT_FOUND) ||
	       (control_is(a, ZTP_CODE_OK) && !control_is_device(a, r));
}

bool control_is_held(const struct control_answer *a,
		     const struct store_request *r)
{
	return control_is(a, ZTP_CODE_OK) && same_key(a, r) &&
	       state_is(a, ZTP_CANDIDATE_PENDING) && a->live;
}
