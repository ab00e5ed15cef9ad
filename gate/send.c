#include "gate/send.h"

#include <string.h>

#include "base/clock.h"
#include "gate/broker_api.h"
#include "gate/gate.h"

bool ztp_send_text(struct ztp_gate *gate, const char *client_id,
		   const char *topic, const char *text, size_t len, int qos,
		   mosquitto_property *properties)
{
	struct ztp_error error = {0};
	int rc = MOSQ_ERR_NOMEM;

	if (text)
		rc = mosquitto_broker_publish_copy(client_id, topic, (int)len,
						   text, qos, false,
						   properties);
	if (rc != MOSQ_ERR_SUCCESS) {
		mosquitto_property_free_all(&properties);
		(void)ztp_fail(&error, ZTP_ERR_IO,
			       "cannot publish on %s: error %d", topic, rc);
		ztp_gate_log_limited(&gate->log_limit, &error,
				     ztp_clock_boot());
	}
	gate->sent |= rc == MOSQ_ERR_SUCCESS;
	return rc == MOSQ_ERR_SUCCESS;
}

bool ztp_send_json(struct ztp_gate *gate, const char *client_id,
		   const char *topic, cJSON *object, int qos,
		   mosquitto_property *properties)
{
	char *text = object ? cJSON_PrintUnformatted(object) : NULL;
	bool sent = ztp_send_text(gate, client_id, topic, text,
				  text ? strlen(text) : 0, qos, properties);

	cJSON_free(text);
	cJSON_Delete(object);
	return sent;
}
