#include "bridge/mqtt/refusal.h"

#define EVERY_MS	    30000
#define LEVEL_3_1_1	    1	 /* MQTT 3.1.1 section 3.2.2.3 */
#define UNSUPPORTED_VERSION 0x84 /* MQTT 5 section 3.2.2.2 */

enum refusal refusal_of(int connack_code)
{
	bool version = connack_code == LEVEL_3_1_1 ||
		       connack_code == UNSUPPORTED_VERSION;

	return version ? REFUSAL_VERSION : REFUSAL_OTHER;
}

const char *refusal_text(enum refusal refusal, int version)
{
	if (refusal == REFUSAL_VERSION)
		return version == 5 ? "the broker does not support MQTT 5: "
				      "set mqtt.version: 3.1.1"
				    : "the broker does not support MQTT "
				      "3.1.1: set mqtt.version: 5";
	if (refusal == REFUSAL_CLOSED)
		return version == 5 ? "closed at CONNECT: not a broker, or no "
				      "MQTT 5 (try mqtt.version: 3.1.1)"
				    : "closed at CONNECT without an answer";
	if (refusal == REFUSAL_TAKEN_OVER)
		return "another client uses the bridge's client id";
	return NULL;
}

static const char *event_of(enum refusal refusal)
{
	switch (refusal) {
	case REFUSAL_VERSION:
		return "mqtt_version_unsupported";
	case REFUSAL_CLOSED:
		return "mqtt_closed_at_connect";
	case REFUSAL_OTHER:
	case REFUSAL_TAKEN_OVER:
	case REFUSAL_KINDS:
		break;
	}
	return "mqtt_refused";
}

void refusal_log(const struct core *core,
		 struct log_limit limits[REFUSAL_KINDS], const char *connection,
		 enum refusal refusal, int code, const char *error)
{
	const char *hint = refusal_text(refusal, core->config->mqtt.version);
	uint64_t suppressed = 0;

	if (log_every(&limits[refusal], EVERY_MS, core->now + 1, &suppressed))
		log_warn(core->log, event_of(refusal),
			 LOG_STR("connection", connection),
			 LOG_INT("code", code), LOG_STR("error", error),
			 LOG_STR("hint", hint),
			 LOG_UINT("suppressed", suppressed));
}

void refusal_log_taken_over(const struct core *core, const char *connection,
			    const char *client_id)
{
	log_error(core->log, "mqtt_taken_over",
		  LOG_STR("connection", connection),
		  LOG_STR("client_id", client_id),
		  LOG_STR("hint", "another client uses this client id: are two "
				  "bridges running with one configuration?"));
}
