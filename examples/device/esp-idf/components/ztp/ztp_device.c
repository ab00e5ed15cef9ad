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

static const char *skip_blanks(const char *p)
{
	while (*p && strchr(" \t\r\n", *p))
		p++;
	return p;
}

/* Behind the string that begins there. */
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* Behind the value that begins there, or at what follows it. */
static const char *skip_value(const char *p)
{
	int depth = 0;

	while (*p) {
		bool opens = *p == '{' || *p == '[';
		bool closes = *p == '}' || *p == ']';

		if (depth == 0 && (closes || *p == ','))
			return p;
		depth += opens - closes;
		p = *p == '"' ? skip_string(p) : p + 1;
		if (depth == 0 && (closes || p[-1] == '"'))
			return p;
	}
	return p;
}

/* The value of a member, as it was written: cJSON keeps numbers as doubles, and
 * would print a large one with other digits. cJSON has read the text, so it is
 * JSON. NULL: there is no such member. */
static const char *find_raw(size_t *len, const char *text, const char *name)
{
	const char *p = strchr(text, '{'), *key, *end;
	size_t n = strlen(name);

	while (p && *p && *p != '}') {
		key = skip_blanks(p + 1);
		if (*key != '"')
			break;
		end = skip_string(key);
		p = skip_blanks(end);
		p = skip_blanks(*p ? p + 1 : p); /* the colon */
		if (end == key + n + 2 && memcmp(key + 1, name, n) == 0) {
			end = skip_value(p);
			while (end > p && strchr(" \t\r\n", end[-1]))
				end--;
			*len = (size_t)(end - p);
			return p;
		}
		p = skip_blanks(skip_value(p));
	}
	return NULL;
}

static char *copy(const char *text, size_t len)
{
	char *made = malloc(len + 1);

	if (!made)
		return NULL;
	memcpy(made, text, len);
	made[len] = '\0';
	return made;
}

/* payload is any JSON; payload_base64 is for all else. */
static void read_payload(struct ztp_command *command, const cJSON *object,
			 const char *text)
{
	size_t json_len = 0;
	const char *json = object ? find_raw(&json_len, text, "payload") : NULL;
	const char *base64 = text_of(object, "payload_base64");
	size_t len = strlen(base64);

	if (json) {
		command->payload = copy(json, json_len);
		command->payload_len = command->payload ? json_len : 0;
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
	read_payload(command, object, text);
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
