#include "bridge/life/invalid.h"

#include <stdio.h>
#include <string.h>

#include "bridge/life/records.h"

/* What a command may have besides its payload, if every character of the reason
 * and the message has to be escaped. */
#define BESIDES                                                                \
	(6 * (ZTP_REASON_MAX + ZTP_MESSAGE_MAX) + 2 * ZTP_CONTENT_TYPE_MAX +   \
	 4 * ZTP_REQUEST_ID_MAX + ZTP_PATH_MAX + ZTP_TOPIC_MAX + 512)

static int command_size(size_t *size, const struct config_mqtt *mqtt,
			const struct ztp_decision *decision, const char *path,
			struct ztp_error *error)
{
	const struct ztp_command command = {
		.request_id = decision->request_id,
		.path = path,
		.status = ZTP_STATUS_APPROVED,
		.reason = decision->reason,
		.message = decision->message,
		.payload = &decision->payload,
	};
	char topic[ZTP_TOPIC_MAX + 1] = "";
	struct ztp_command_bytes bytes;
	struct ztp_path parts;
	int rc = ztp_command_build(&bytes, mqtt->command_format, &command,
				   error);

	if (rc != 0)
		return rc;
	if (ztp_path_parse(&parts, path, strlen(path), NULL) == 0)
		ztp_topic_render(topic, mqtt->command_topic, &parts);
	*size = ztp_command_size(&bytes, topic, command.request_id,
				 command.status, mqtt->version == 5);
	ztp_command_clear(&bytes);
	return 0;
}

bool invalid_size(const struct bridge *b, const struct ztp_decision *decision,
		  const char *path, struct ztp_error *why)
{
	const struct config_mqtt *mqtt = &b->core.config->mqtt;
	size_t max = (size_t)mqtt->max_command, size = 0;

	if (decision->verdict != ZTP_APPROVE ||
	    6 * decision->payload.len + BESIDES <= max)
		return false;
	/* If there is no memory for this, sending it says the same later. */
	if (command_size(&size, mqtt, decision, path, why) != 0 || size <= max)
		return false;
	ztp_fail(why, ZTP_ERR_TOO_LARGE,
		 "the command would have %zu bytes, at most %zu are allowed "
		 "(mqtt.max_command)",
		 size, max);
	return true;
}

int invalid_note(struct bridge *b, const struct store_request *r,
		 const struct consumer_record *record, struct ztp_error *error)
{
	struct store_decision d = {
		.by_customer = true,
		.verdict = ZTP_REJECT,
		.partition = record->position.partition,
		.offset = record->position.offset,
	};

	struct store_request noted;
	int rc;

	if (!r || !ztp_state_undecided(r->state))
		return 0;
	snprintf(d.topic, sizeof(d.topic), "%s", record->position.topic);
	noted = *r;
	rc = store_decision_put(b->store, &noted, &d, error);
	return rc == 0 ? store_request_save(b->store, &noted, error) : rc;
}

bool invalid_is_note(const struct store_decision *d)
{
	static const uint8_t none[ZTP_SHA256_LEN];

	return d->by_customer && memcmp(d->digest, none, sizeof(none)) == 0;
}

int invalid_report(struct bridge *b, const struct ztp_decision *decision,
		   const struct consumer_record *record,
		   const struct store_request *r, const struct ztp_error *why,
		   struct ztp_error *error)
{
	const struct records_outcome said = {
		.outcome = ZTP_OUTCOME_INVALID,
		.message = why->message,
		.traceparent = r ? r->traceparent : decision->traceparent,
		.decision = &record->position,
		.r = r,
		.id = decision->request_id,
		.path = decision->path,
		.key = record->key,
	};
	int rc = records_dead_decision(b, record, why, error);

	if (rc == 0)
		rc = invalid_note(b, r, record, error);
	if (rc == 0)
		rc = records_no_effect(b, &said, error);
	if (rc == 0)
		log_warn(b->core.log, "decision_invalid",
			 LOG_STR("request_id", decision->request_id),
			 LOG_WHY(why));
	return rc;
}
