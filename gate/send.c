#include "gate/send.h"

#include <string.h>

#include "gate/broker_api.h"
#include "gate/log.h"

bool ztp_send_json(const char *client_id, const char *topic, cJSON *object,
		   int qos, mosquitto_property *properties)
{
	char *text = object ? cJSON_PrintUnformatted(object) : NULL;
	int rc = MOSQ_ERR_NOMEM;

	if (text)
		rc = mosquitto_broker_publish_copy(client_id, topic,
						   (int)strlen(text), text, qos,
						   false, properties);
	if (rc != MOSQ_ERR_SUCCESS) {
		mosquitto_property_free_all(&properties);
		ztp_gate_log(MOSQ_LOG_ERR, "cannot publish on %s: error %d",
			     topic, rc);
	}
	cJSON_free(text);
	cJSON_Delete(object);
	return rc == MOSQ_ERR_SUCCESS;
}
