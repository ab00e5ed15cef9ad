#ifndef MQTT_CLIENT_H
#define MQTT_CLIENT_H

#include <stdbool.h>

#include "esp_event.h"

typedef struct esp_mqtt_client *esp_mqtt_client_handle_t;

typedef enum esp_mqtt_event_id_t {
	MQTT_EVENT_ANY = -1,
	MQTT_EVENT_ERROR = 0,
	MQTT_EVENT_CONNECTED,
	MQTT_EVENT_DISCONNECTED,
	MQTT_EVENT_SUBSCRIBED,
	MQTT_EVENT_UNSUBSCRIBED,
	MQTT_EVENT_PUBLISHED,
	MQTT_EVENT_DATA,
	MQTT_EVENT_BEFORE_CONNECT,
} esp_mqtt_event_id_t;

typedef enum {
	MQTT_ERROR_TYPE_NONE = 0,
	MQTT_ERROR_TYPE_TCP_TRANSPORT,
	MQTT_ERROR_TYPE_CONNECTION_REFUSED,
} esp_mqtt_error_type_t;

typedef enum { MQTT_PROTOCOL_V_3_1_1 = 2 } esp_mqtt_protocol_ver_t;

typedef struct {
	int esp_tls_stack_err;
	esp_mqtt_error_type_t error_type;
	int connect_return_code;
	int esp_transport_sock_errno;
} esp_mqtt_error_codes_t;

typedef struct {
	esp_mqtt_event_id_t event_id;
	esp_mqtt_client_handle_t client;
	char *data;
	int data_len, total_data_len, current_data_offset;
	esp_mqtt_error_codes_t *error_handle;
} esp_mqtt_event_t;
typedef esp_mqtt_event_t *esp_mqtt_event_handle_t;

typedef struct {
	struct {
		struct {
			const char *uri;
		} address;
		struct {
			const char *certificate;
		} verification;
	} broker;
	struct {
		const char *username, *client_id;
		struct {
			const char *password;
		} authentication;
	} credentials;
	struct {
		bool disable_clean_session;
		esp_mqtt_protocol_ver_t protocol_ver;
	} session;
	struct {
		int reconnect_timeout_ms;
	} network;
	struct {
		int size, out_size;
	} buffer;
} esp_mqtt_client_config_t;

esp_mqtt_client_handle_t
esp_mqtt_client_init(const esp_mqtt_client_config_t *config);
esp_err_t esp_mqtt_set_config(esp_mqtt_client_handle_t client,
			      const esp_mqtt_client_config_t *config);
esp_err_t esp_mqtt_client_register_event(esp_mqtt_client_handle_t client,
					 esp_mqtt_event_id_t event,
					 esp_event_handler_t handler,
					 void *arg);
esp_err_t esp_mqtt_client_start(esp_mqtt_client_handle_t client);
esp_err_t esp_mqtt_client_destroy(esp_mqtt_client_handle_t client);
int esp_mqtt_client_subscribe(esp_mqtt_client_handle_t client,
			      const char *topic, int qos);
int esp_mqtt_client_enqueue(esp_mqtt_client_handle_t client, const char *topic,
			    const char *data, int len, int qos, int retain,
			    bool store);

#endif
