#include "bridge/life/command_send.h"

#include <string.h>

#include "bridge/mqtt/mqtt_out.h"
#include "ztp/member.h"

static int add_properties(mosquitto_property **list,
			  const struct store_request *r, const char *status,
			  const char *content_type, int64_t expiry_ms)
{
	/* Below 1 if the deadline has passed but has not been applied yet. */
	int64_t seconds = (expiry_ms + 999) / 1000;
	int rc = 0;

	if (*content_type)
		rc = mosquitto_property_add_string(list, MQTT_PROP_CONTENT_TYPE,
						   content_type);
	if (rc == 0)
		rc = mosquitto_property_add_string_pair(
			list, MQTT_PROP_USER_PROPERTY, ZTP_M_REQUEST_ID, r->id);
	if (rc == 0)
		rc = mosquitto_property_add_string_pair(
			list, MQTT_PROP_USER_PROPERTY, ZTP_M_STATUS, status);
	if (rc == 0)
		rc = mosquitto_property_add_binary(
			list, MQTT_PROP_CORRELATION_DATA, r->id,
			(uint16_t)strlen(r->id));
	if (rc == 0)
		rc = mosquitto_property_add_int32(
			list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
			(uint32_t)(seconds > 0 ? seconds : 1));
	return rc;
}

static const char *reason_of(const struct store_request *r,
			     const struct store_decision *d)
{
	if (r->state == ZTP_STATE_EXPIRED)
		return ztp_outcome_name(ZTP_OUTCOME_EXPIRED);
	if (r->state == ZTP_STATE_CONFLICT)
		return ztp_outcome_name(ZTP_OUTCOME_CONFLICT);
	return d->reason;
}

/* True for errors of the command itself; the loop notices errors of the
 * connection on its own. */
static bool is_impossible(int rc)
{
	return rc == MOSQ_ERR_INVAL || rc == MOSQ_ERR_PAYLOAD_SIZE ||
	       rc == MOSQ_ERR_OVERSIZE_PACKET || rc == MOSQ_ERR_MALFORMED_UTF8;
}

static int refuse(int rc, size_t size, struct ztp_error *error)
{
	if (rc == MOSQ_ERR_OVERSIZE_PACKET || rc == MOSQ_ERR_PAYLOAD_SIZE)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"the command of %zu bytes exceeds the broker's "
				"Maximum Packet Size",
				size);
	return ztp_fail(error, ZTP_ERR_VALUE, "the command cannot be sent: %s",
			mosquitto_strerror(rc));
}

/* How long the broker may keep it, in ms. What the command waited for the broker,
 * or in our queue, is not the device's time: a try that comes at the deadline, or
 * after it, would be worth nothing to a device whose session is away. Nor is what
 * has passed since tries that were lost with their connections. */
static int64_t expires_in(const struct bridge *b, const struct store_request *r)
{
	int64_t most = b->core.config->onboarding.delivery_timeout_ms;
	int64_t left = r->owed.due_at - b->core.now;
	int64_t waited = b->core.now - r->owed.retry_at;

	if (r->owed.due_at == 0)
		return most;
	if (!ztp_owed_is_command(r->owed.what))
		return left;
	if (ztp_obligation_suspect(&r->owed))
		return most;
	if (waited <= 0)
		return left;
	return left + waited < most ? left + waited : most;
}

/* What the connection is given, and how large it is. */
static int publish(struct bridge *b, const struct store_request *r,
		   const struct ztp_command_bytes *bytes, const char *topic,
		   const char *status, struct command_sent *sent)
{
	bool five = b->core.config->mqtt.version == 5;
	mosquitto_property *properties = NULL;
	int rc = 0;

	sent->size = ztp_command_size(bytes, topic, r->id, status, five);
	if (five)
		rc = add_properties(&properties, r, status, bytes->content_type,
				    expires_in(b, r));
	if (rc == 0)
		rc = mqtt_out_publish(b->mqtt_out, &sent->mid, topic,
				      bytes->data, bytes->len, properties);
	mosquitto_property_free_all(&properties);
	return rc;
}

int command_send(struct bridge *b, const struct store_request *r,
		 struct command_sent *sent, struct ztp_error *error)
{
	struct store_decision d;
	struct ztp_command_bytes bytes;
	char topic[ZTP_TOPIC_MAX + 1];
	struct ztp_path path;
	bool approved = ztp_owed_is_command(r->owed.what);
	struct ztp_command command = {
		.request_id = r->id,
		.path = r->path,
		.status = approved ? ZTP_STATUS_APPROVED : ZTP_STATUS_REJECTED,
	};
	/* A rejection has no payload to send raw, even if the customer had
	 * approved before the gate refused: it is an envelope always. */
	bool raw = approved &&
		   b->core.config->mqtt.command_format == ZTP_COMMAND_RAW;
	int rc = store_decision_get(b->store, r, approved, &d, error);

	if (rc < 0)
		return rc;
	command.reason = reason_of(r, &d);
	command.message = d.message;
	command.payload = &d.payload;
	command.payload_erased = d.payload_erased;
	if (d.payload_erased && raw) {
		store_decision_clear(&d);
		return ztp_fail(error, ZTP_ERR_EMPTY, "its payload is erased");
	}
	rc = ztp_path_parse(&path, r->path, strlen(r->path), error);
	if (rc == 0)
		rc = ztp_command_build(
			&bytes, raw ? ZTP_COMMAND_RAW : ZTP_COMMAND_ENVELOPE,
			&command, error);
	store_decision_clear(&d);
	if (rc != 0)
		return rc;
	ztp_topic_render(topic, b->core.config->mqtt.command_topic, &path);
	rc = publish(b, r, &bytes, topic, command.status, sent);
	ztp_command_clear(&bytes);
	if (is_impossible(rc))
		return refuse(rc, sent->size, error);
	return rc == 0 ? 0 : 1;
}
