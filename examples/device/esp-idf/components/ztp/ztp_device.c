#include "ztp_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <mbedtls/base64.h>

#define PAUSE_FIRST_S 5
#define PAUSE_MAX_S   600

bool ztp_message_add(struct ztp_message *message, const char *piece, size_t len,
		     size_t offset, size_t total)
{
	if (offset == 0) {
		message->len = 0;
		message->broken = total >= message->size;
	}
	if (message->broken || offset != message->len ||
	    len > message->size - 1 - message->len) {
		message->broken = true;
		return false;
	}
	memcpy(message->text + offset, piece, len);
	message->len += len;
	message->text[message->len] = '\0';
	return message->len == total;
}

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItem(object, name));

	return text ? text : "";
}

static enum ztp_said said_by(const char *status)
{
	if (strcmp(status, "pending") == 0)
		return ZTP_PENDING;
	if (strcmp(status, "approved") == 0)
		return ZTP_APPROVED;
	return strcmp(status, "rejected") == 0 ? ZTP_REJECTED : ZTP_OTHER;
}

/* payload is any JSON; payload_base64 is for all else. */
static void read_payload(struct ztp_command *command, const cJSON *object)
{
	const cJSON *json = cJSON_GetObjectItem(object, "payload");
	const char *base64 = text_of(object, "payload_base64");
	size_t len = strlen(base64);

	if (json) {
		command->payload = cJSON_PrintUnformatted(json);
		if (command->payload)
			command->payload_len = strlen(command->payload);
	} else if (len > 0) {
		command->payload = malloc(len);
		if (command->payload &&
		    (mbedtls_base64_decode((unsigned char *)command->payload,
					   len, &command->payload_len,
					   (const unsigned char *)base64,
					   len) != 0 ||
		     command->payload_len == 0)) {
			free(command->payload);
			command->payload = NULL;
		}
	}
	command->broken = (json || len > 0) && !command->payload;
}

void ztp_command_read(struct ztp_command *command, const char *text)
{
	cJSON *object = cJSON_Parse(text);
	const cJSON *retry = cJSON_GetObjectItem(object, "retry_after_s");

	memset(command, 0, sizeof(*command));
	command->said = said_by(text_of(object, "status"));
	snprintf(command->request_id, sizeof(command->request_id), "%s",
		 text_of(object, "request_id"));
	command->erased =
		cJSON_IsTrue(cJSON_GetObjectItem(object, "payload_erased"));
	if (cJSON_IsNumber(retry))
		command->retry_after_s = retry->valueint;
	read_payload(command, object);
	cJSON_Delete(object);
}

int ztp_answer(char *out, size_t size, const char *request_id,
	       const char *error)
{
	int n;

	if (error)
		n = snprintf(out, size,
			     "{\"request_id\":\"%s\",\"status\":\"failed\","
			     "\"message\":\"%s\"}",
			     request_id, error);
	else
		n = snprintf(out, size,
			     "{\"request_id\":\"%s\",\"status\":\"applied\"}",
			     request_id);
	return n > 0 && (size_t)n < size ? n : -1;
}

int ztp_pause_s(unsigned tries, int retry_after_s, uint32_t chance)
{
	int pause = PAUSE_FIRST_S;

	for (unsigned i = 1; i < tries && pause < PAUSE_MAX_S; i++)
		pause *= 2;
	if (pause > PAUSE_MAX_S)
		pause = PAUSE_MAX_S;
	if (pause < retry_after_s)
		pause = retry_after_s;
	return pause + (int)(chance % ((uint32_t)pause / 4 + 1));
}
