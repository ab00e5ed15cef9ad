#include "ztp/result.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define ID_BYTES 16

static const struct {
	const char *name;
	int code;
	const char *status;
} outcomes[ZTP_OUTCOME_COUNT] = {
#define X(name, text, code, status) [ZTP_OUTCOME_##name] = {text, code, status},
	ZTP_OUTCOME_LIST(X)
#undef X
};

static bool is_outcome(enum ztp_outcome outcome)
{
	return (unsigned)outcome < ZTP_OUTCOME_COUNT;
}

const char *ztp_outcome_name(enum ztp_outcome outcome)
{
	return is_outcome(outcome) ? outcomes[outcome].name : "unknown";
}

int ztp_outcome_code(enum ztp_outcome outcome)
{
	return is_outcome(outcome) ? outcomes[outcome].code : 500;
}

const char *ztp_outcome_status(enum ztp_outcome outcome)
{
	return is_outcome(outcome) ? outcomes[outcome].status : "UNKNOWN";
}

void ztp_result_type(char out[ZTP_RESULT_TYPE_MAX], enum ztp_outcome outcome)
{
	(void)snprintf(out, ZTP_RESULT_TYPE_MAX, "io.ztp.provisioning.%s.v1",
		       ztp_outcome_name(outcome));
}

/* Hash of hashes: whatever the texts hold, one cannot run into the next. */
void ztp_result_id(char out[2 * ID_BYTES + 1], const struct ztp_result *result)
{
	const char *topic = result->decision.topic;
	uint8_t all[3 * ZTP_SHA256_LEN], hash[ZTP_SHA256_LEN];
	char where[64] = "";
	int n = 0;

	if (topic)
		n = snprintf(where, sizeof(where), "%s/%d/%lld",
			     ztp_outcome_name(result->outcome),
			     result->decision.partition,
			     (long long)result->decision.offset);
	else
		n = snprintf(where, sizeof(where), "%s",
			     ztp_outcome_name(result->outcome));
	ztp_sha256(all, result->request_id, strlen(result->request_id));
	ztp_sha256(all + ZTP_SHA256_LEN, topic ? topic : "",
		   topic ? strlen(topic) : 0);
	ztp_sha256(all + 2 * ZTP_SHA256_LEN, where, (size_t)n);
	ztp_sha256(hash, all, sizeof(all));
	ztp_hex_encode(out, hash, ID_BYTES);
}

/* An offset has 63 bits, a cJSON number 53. */
static bool add_offset(cJSON *object, int64_t offset)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)offset);
	return cJSON_AddRawToObject(object, "offset", text);
}

static bool add_decision(cJSON *record, const struct ztp_position *position)
{
	cJSON *object;

	if (!position->topic)
		return true;
	object = cJSON_AddObjectToObject(record, "decision");
	return object &&
	       cJSON_AddStringToObject(object, "topic", position->topic) &&
	       cJSON_AddNumberToObject(object, "partition",
				       position->partition) &&
	       add_offset(object, position->offset);
}

static bool add_time(cJSON *record, const char *name, int64_t ms)
{
	char text[ZTP_TIME_LEN];

	ztp_time_format(text, ms);
	return cJSON_AddStringToObject(record, name, text);
}

static bool add_all(cJSON *record, const struct ztp_result *result)
{
	enum ztp_outcome outcome = result->outcome;

	if (!cJSON_AddStringToObject(record, "request_id", result->request_id))
		return false;
	if (result->path && result->path[0] &&
	    !cJSON_AddStringToObject(record, "device_path", result->path))
		return false;
	if (!cJSON_AddStringToObject(record, "outcome",
				     ztp_outcome_name(outcome)) ||
	    !cJSON_AddNumberToObject(record, "code",
				     ztp_outcome_code(outcome)) ||
	    !cJSON_AddStringToObject(record, "status",
				     ztp_outcome_status(outcome)) ||
	    !cJSON_AddStringToObject(record, "message", result->message) ||
	    !add_decision(record, &result->decision))
		return false;
	if (result->delivered_at &&
	    !add_time(record, "delivered_at", result->delivered_at))
		return false;
	return add_time(record, "at", result->at);
}

int ztp_result_build(char **json, const struct ztp_result *result,
		     struct ztp_error *error)
{
	cJSON *record = cJSON_CreateObject();

	*json = NULL;
	if (record && add_all(record, result))
		*json = cJSON_PrintUnformatted(record);
	cJSON_Delete(record);
	if (!*json)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return 0;
}
