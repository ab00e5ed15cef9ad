#include "ztp/result.h"
#include "ztp/member.h"

#include <stdio.h>
#include <string.h>

#include "policy/json_write.h"

#define ID_BYTES    16
#define RECORD_ROOM 1024 /* bytes; most records fit without growing */

static const struct {
	const char *name;
	int code;
	const char *status;
} outcomes[ZTP_OUTCOME_COUNT] = {
#define X(name, text, code, status) [ZTP_OUTCOME_##name] = {text, code, status},
	ZTP_OUTCOME_LIST(X)
#undef X
};

static const char *const deliveries[ZTP_DELIVERY_COUNT] = {
#define X(name, text) [ZTP_DELIVERY_##name] = (text),
	ZTP_DELIVERY_LIST(X)
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

const char *ztp_delivery_name(enum ztp_delivery delivery)
{
	return (unsigned)delivery < ZTP_DELIVERY_COUNT ? deliveries[delivery]
						       : "";
}

void ztp_result_type(char out[ZTP_RESULT_TYPE_MAX], enum ztp_outcome outcome)
{
	(void)snprintf(out, ZTP_RESULT_TYPE_MAX, ZTP_CE_NAME("%s"),
		       ztp_outcome_name(outcome));
}

/* A hash of hashes, so that the boundaries between the texts are
 * unambiguous. */
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

static void add_decision(struct ztp_writer *record,
			 const struct ztp_position *position)
{
	if (!position->topic)
		return;
	ztp_json_open(record, ZTP_M_DECISION, '{');
	ztp_json_add_string(record, ZTP_M_TOPIC, position->topic);
	ztp_json_add_int(record, ZTP_M_PARTITION, position->partition);
	ztp_json_add_int(record, ZTP_M_OFFSET, position->offset);
	ztp_json_close(record, '}');
}

int ztp_result_build(char **json, const struct ztp_result *result,
		     struct ztp_error *error)
{
	enum ztp_outcome outcome = result->outcome;
	struct ztp_writer record;

	ztp_json_start(&record, RECORD_ROOM);
	ztp_json_open(&record, NULL, '{');
	ztp_json_add_string(&record, ZTP_M_REQUEST_ID, result->request_id);
	if (result->path && result->path[0])
		ztp_json_add_string(&record, ZTP_M_DEVICE_PATH, result->path);
	ztp_json_add_string(&record, ZTP_M_OUTCOME, ztp_outcome_name(outcome));
	ztp_json_add_int(&record, ZTP_M_CODE, ztp_outcome_code(outcome));
	ztp_json_add_string(&record, ZTP_M_STATUS, ztp_outcome_status(outcome));
	ztp_json_add_string(&record, ZTP_M_MESSAGE, result->message);
	add_decision(&record, &result->decision);
	if (result->delivered_at)
		ztp_json_add_time(&record, ZTP_M_DELIVERED_AT,
				  result->delivered_at);
	if (result->delivery != ZTP_DELIVERY_NONE)
		ztp_json_add_string(&record, ZTP_M_DELIVERY,
				    ztp_delivery_name(result->delivery));
	ztp_json_add_time(&record, ZTP_M_AT, result->at);
	ztp_json_close(&record, '}');
	return ztp_json_finish(json, NULL, &record, error);
}
