/*
 * What the device is told, and what it answers. Over MQTT 5 user properties say
 * what a message is, so that a payload can be sent raw; an envelope says it
 * itself.
 */
#include "tools/device/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>

#include "base/file.h"
#include "ztp/command.h"
#include "ztp/json.h"
#include "ztp/member.h"

#define ENVELOPE_MAX (1 << 20) /* bytes */

static bool is_named(const MQTTProperty *property, const char *name)
{
	const MQTTLenString *key = &property->value.data;

	return property->identifier == MQTTPROPERTY_CODE_USER_PROPERTY &&
	       key->len == (int)strlen(name) &&
	       memcmp(key->data, name, strlen(name)) == 0;
}

static void copy_property(char *out, size_t size,
			  const MQTTClient_message *message, const char *name)
{
	const MQTTProperty *p = message->properties.array;

	for (int i = 0; i < message->properties.count; i++, p++)
		if (is_named(p, name))
			snprintf(out, size, "%.*s", p->value.value.len,
				 p->value.value.data);
}

/* A payload that is sent raw may have any members: an envelope names the request
 * as well. */
static bool is_named_in(struct ztp_object *envelope, size_t field,
			const struct command *command)
{
	char id[ZTP_REQUEST_ID_MAX + 1];

	return *command->request_id &&
	       ztp_object_copy(id, sizeof(id), envelope, field, NULL) == 0 &&
	       strcmp(id, command->request_id) == 0;
}

static void read_envelope(struct command *command, struct ztp_str text)
{
	struct ztp_field fields[] = {{.name = ZTP_M_STATUS},
				     {.name = ZTP_M_REQUEST_ID},
				     {.name = ZTP_M_PAYLOAD_ERASED}};
	char *const outs[] = {command->status, command->request_id};
	const size_t sizes[] = {sizeof(command->status),
				sizeof(command->request_id)};
	struct ztp_object envelope;

	if (ztp_object_read(&envelope, fields, 3, text, ENVELOPE_MAX, NULL) !=
	    0)
		return;
	for (size_t i = 0; i < 2; i++)
		if (!*outs[i] &&
		    ztp_object_copy(outs[i], sizes[i], &envelope, i, NULL) != 0)
			*outs[i] = '\0';
	command->erased =
		fields[2].kind == 't' && is_named_in(&envelope, 1, command);
	ztp_object_clear(&envelope);
}

void command_read(struct command *command, const MQTTClient_message *message)
{
	struct ztp_str text = {message->payload, (size_t)message->payloadlen};

	*command = (struct command){.erased = false};
	copy_property(command->status, sizeof(command->status), message,
		      ZTP_M_STATUS);
	copy_property(command->request_id, sizeof(command->request_id), message,
		      ZTP_M_REQUEST_ID);
	read_envelope(command, text);
}

bool command_is_in(const struct command *command, const char *path)
{
	struct command kept = {.erased = false};
	struct ztp_error error;
	struct stat facts;
	char *text;
	size_t len;

	if (stat(path, &facts) != 0 || !S_ISREG(facts.st_mode) ||
	    ztp_file_read(&text, &len, path, ENVELOPE_MAX, &error) != 0)
		return false;
	read_envelope(&kept, (struct ztp_str){text, len});
	explicit_bzero(text, len);
	free(text);
	return !kept.erased && *kept.request_id &&
	       strcmp(kept.request_id, command->request_id) == 0;
}

char *command_answer(const struct command *command, bool applied,
		     const char *message)
{
	cJSON *answer = cJSON_CreateObject();
	char *text = NULL;

	if (cJSON_AddStringToObject(answer, ZTP_M_REQUEST_ID,
				    command->request_id) &&
	    cJSON_AddStringToObject(answer, ZTP_M_STATUS,
				    applied ? ZTP_STATUS_APPLIED
					    : ZTP_STATUS_FAILED) &&
	    (!message ||
	     cJSON_AddStringToObject(answer, ZTP_M_MESSAGE, message)))
		text = cJSON_PrintUnformatted(answer);
	cJSON_Delete(answer);
	return text;
}
