#include "gate/publish.h"

#include <string.h>

#include "base/json_tree.h"
#include "gate/broker_api.h"
#include "gate/outbox.h"
#include "gate/send.h"
#include "ztp/command.h"
#include "ztp/event.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define PROPERTY_CONTENT_TYPE	  3
#define PROPERTY_CORRELATION_DATA 9
#define PROPERTY_USER		  38

static mosquitto_property *command_properties(const char *request_id,
					      const char *status)
{
	mosquitto_property *list = NULL;

	if (mosquitto_property_add_string(&list, PROPERTY_CONTENT_TYPE,
					  ZTP_MEDIA_JSON) ||
	    mosquitto_property_add_binary(&list, PROPERTY_CORRELATION_DATA,
					  request_id,
					  (uint16_t)strlen(request_id)) ||
	    mosquitto_property_add_string_pair(&list, PROPERTY_USER,
					       ZTP_M_REQUEST_ID, request_id) ||
	    mosquitto_property_add_string_pair(&list, PROPERTY_USER,
					       ZTP_M_STATUS, status)) {
		/* Not fatal: the envelope says the same. */
		mosquitto_property_free_all(&list);
		return NULL;
	}
	return list;
}

static bool fill_status(cJSON *object, const struct ztp_session *session,
			const char *status)
{
	return cJSON_AddStringToObject(object, ZTP_M_TYPE, ZTP_COMMAND_TYPE) &&
	       cJSON_AddStringToObject(object, ZTP_M_REQUEST_ID,
				       session->request_id) &&
	       cJSON_AddStringToObject(object, ZTP_M_STATUS, status) &&
	       cJSON_AddStringToObject(object, ZTP_M_DEVICE_PATH,
				       session->path);
}

bool ztp_publish_status(struct ztp_gate *gate,
			const struct ztp_session *session, const char *status)
{
	bool pending = strcmp(status, ZTP_STATUS_PENDING) == 0;
	cJSON *object = cJSON_CreateObject();
	char topic[ZTP_TOPIC_MAX + 1];

	(void)ztp_topic_render(topic, gate->options.command_topic,
			       &session->parts);
	if (!object || !fill_status(object, session, status)) {
		cJSON_Delete(object);
		return false;
	}
	if (pending)
		ztp_tree_put_number(object, ZTP_M_RETRY_AFTER,
				    (double)gate->options.retry_after_s);
	return ztp_send_json(gate, session->path, topic, object,
			     pending ? 0 : 1,
			     command_properties(session->request_id, status));
}

void ztp_publish_add_connection(cJSON *object,
				const struct ztp_session *session)
{
	ztp_tree_put_text(object, ZTP_M_CONNECTION, session->connection);
	ztp_tree_put_text(object, ZTP_M_CREDENTIAL,
			  session->by_certificate ? ZTP_CREDENTIAL_CERTIFICATE
						  : ZTP_CREDENTIAL_UNUSED);
}

bool ztp_publish_subscribed(struct ztp_gate *gate,
			    const struct ztp_session *session, bool again)
{
	cJSON *object = cJSON_CreateObject();

	ztp_tree_put_text(object, ZTP_M_DEVICE_PATH, session->path);
	ztp_tree_put_sha256(object, ZTP_M_FINGERPRINT, session->fingerprint);
	ztp_tree_put_text(object, ZTP_M_STATE, ztp_session_state(session));
	ztp_publish_add_connection(object, session);
	if (again)
		ztp_tree_put_bool(object, ZTP_M_AGAIN, true);
	return ztp_outbox_put(gate, ZTP_MQTT_SUBSCRIBED, object, 0);
}
