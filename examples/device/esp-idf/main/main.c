/*
 * A device that is onboarded by its customer, for ESP-IDF 5.
 *
 * app_main gets the time, without which no JWT is good, and starts the MQTT
 * client, which connects again by itself. All else happens in its task, in
 * on_mqtt. MQTT_EVENT_BEFORE_CONNECT is the place to set the password: the last
 * JWT may have expired. It is also the only safe one, because
 * esp_mqtt_set_config gives the client new buffers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <esp_event.h>
#include <esp_log.h>
#include <esp_netif.h>
#include <esp_netif_sntp.h>
#include <esp_random.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <mbedtls/version.h>
#include <mqtt_client.h>
#include <nvs_flash.h>
#include <protocol_examples_common.h>

#include "identity.h"
#include "ztp_device.h"

#define TAG	    "ztp"
#define TIME_SERVER "pool.ntp.org"
/* CONNECT has the device path, the certificate and the JWT. */
#define OUT_BUFFER (ZTP_USERNAME_MAX + ZTP_JWT_MAX + 1024)
/* Larger messages come in pieces of this size. */
#define IN_BUFFER   1024
#define MESSAGE_MAX (16 * 1024) /* agree with the customer on the payload */

struct device {
	struct identity identity;
	mbedtls_pk_context key;
	char username[ZTP_USERNAME_MAX], jwt[ZTP_JWT_MAX];
	char commands[1024], answers[1024];
	esp_mqtt_client_config_t config;
	struct ztp_message message;
	unsigned tries;
	int retry_after_s;
	volatile bool rejected; /* tells app_main to stop */
};

static int fill_random(void *arg, unsigned char *out, size_t len)
{
	(void)arg;
	esp_fill_random(out, len);
	return 0;
}

/* --- connecting */

static void before_connect(struct device *d, esp_mqtt_client_handle_t client)
{
	const struct ztp_claims claims = {
		.now = time(NULL),
		.audience = d->identity.audience,
		.path = d->identity.path,
	};
	int pause = ztp_pause_s(++d->tries, d->retry_after_s, esp_random());

	if (ztp_jwt(d->jwt, sizeof(d->jwt), &claims, &d->key, fill_random,
		    NULL) < 0)
		ESP_LOGE(TAG, "no JWT could be made");
	d->config.credentials.authentication.password = d->jwt;
	d->config.credentials.username =
		identity_onboarded() ? "unused" : d->username;
	d->config.network.reconnect_timeout_ms = pause * 1000;
	if (esp_mqtt_set_config(client, &d->config) != ESP_OK)
		ESP_LOGE(TAG, "the client does not take its settings");
}

/* Always, whether the session was kept or not: the bridge sends an approval
 * when it learns that the device has subscribed. */
static void on_connected(struct device *d, esp_mqtt_client_handle_t client)
{
	d->tries = 0;
	d->message.broken = true; /* until the first piece of a message */
	if (esp_mqtt_client_subscribe(client, d->commands, 1) < 0)
		ESP_LOGE(TAG, "cannot subscribe");
}

static void on_error(const esp_mqtt_error_codes_t *error)
{
	if (error->error_type == MQTT_ERROR_TYPE_CONNECTION_REFUSED)
		ESP_LOGW(TAG, "refused with code %d",
			 error->connect_return_code);
	else
		ESP_LOGW(TAG, "no connection: TLS 0x%x, errno %d",
			 error->esp_tls_stack_err,
			 error->esp_transport_sock_errno);
}

/* --- what the device is told */

static void answer(struct device *d, esp_mqtt_client_handle_t client,
		   const char *request_id, const char *error)
{
	char text[256];
	int n = ztp_answer(text, sizeof(text), request_id, error);

	if (n < 0 || esp_mqtt_client_enqueue(client, d->answers, text, n, 1, 0,
					     true) < 0)
		ESP_LOGE(TAG, "the answer could not be sent");
}

/* Returns why not, or NULL. */
static const char *apply(const struct ztp_command *command)
{
	esp_err_t rc;

	if (identity_applied(command->request_id))
		return NULL;
	if (command->erased)
		return "the payload has been erased";
	if (command->broken)
		return "the payload cannot be read";
	rc = identity_apply(command->request_id, command->payload,
			    command->payload_len);
	return rc == ESP_OK ? NULL : esp_err_to_name(rc);
}

static void approved(struct device *d, esp_mqtt_client_handle_t client,
		     const struct ztp_command *command)
{
	const char *error = apply(command);

	ESP_LOGI(TAG, "approved by request %s: %s", command->request_id,
		 error ? error : "applied");
	d->retry_after_s = 0;
	answer(d, client, command->request_id, error);
}

static void on_command(struct device *d, esp_mqtt_client_handle_t client)
{
	struct ztp_command command;

	ztp_command_read(&command, d->message.text);
	switch (command.said) {
	case ZTP_PENDING:
		d->retry_after_s = command.retry_after_s;
		ESP_LOGI(TAG, "pending: the customer decides");
		break;
	case ZTP_APPROVED:
		approved(d, client, &command);
		break;
	case ZTP_REJECTED:
		ESP_LOGW(TAG, "rejected");
		d->rejected = true;
		break;
	case ZTP_OTHER:
		ESP_LOGI(TAG, "another command");
		break;
	}
	free(command.payload);
}

static void on_mqtt(void *arg, esp_event_base_t base, int32_t id, void *data)
{
	struct device *d = arg;
	esp_mqtt_event_handle_t event = data;

	(void)base;
	switch ((esp_mqtt_event_id_t)id) {
	case MQTT_EVENT_BEFORE_CONNECT:
		before_connect(d, event->client);
		break;
	case MQTT_EVENT_CONNECTED:
		on_connected(d, event->client);
		break;
	case MQTT_EVENT_DATA:
		if (ztp_message_add(&d->message, event->data,
				    (size_t)event->data_len,
				    (size_t)event->current_data_offset,
				    (size_t)event->total_data_len))
			on_command(d, event->client);
		else if (d->message.broken && event->current_data_offset == 0)
			ESP_LOGE(TAG, "a message of %d bytes does not fit",
				 event->total_data_len);
		break;
	case MQTT_EVENT_ERROR:
		on_error(event->error_handle);
		break;
	default:
		break;
	}
}

/* --- starting */

/* A clock that was never set is some 50 years behind: expired_proof. */
static void wait_for_time(void)
{
	esp_sntp_config_t how = ESP_NETIF_SNTP_DEFAULT_CONFIG(TIME_SERVER);

	ESP_ERROR_CHECK(esp_netif_sntp_init(&how));
	while (esp_netif_sntp_sync_wait(pdMS_TO_TICKS(10000)) != ESP_OK)
		ESP_LOGW(TAG, "still without the time from %s", TIME_SERVER);
}

static int parse_key(mbedtls_pk_context *key, const char *pem)
{
	const unsigned char *text = (const unsigned char *)pem;
	size_t size = strlen(pem) + 1; /* with the NUL */

	mbedtls_pk_init(key);
#if MBEDTLS_VERSION_MAJOR >= 3
	return mbedtls_pk_parse_key(key, text, size, NULL, 0, fill_random,
				    NULL);
#else
	return mbedtls_pk_parse_key(key, text, size, NULL, 0);
#endif
}

static esp_err_t prepare(struct device *d)
{
	esp_err_t rc = identity_load(&d->identity);

	if (rc != ESP_OK)
		return rc;
	d->message.size = MESSAGE_MAX + 1;
	d->message.text = malloc(d->message.size);
	if (!d->message.text)
		return ESP_ERR_NO_MEM;
	if (parse_key(&d->key, d->identity.key) != 0 ||
	    ztp_username(d->username, sizeof(d->username), d->identity.cert) <
		    0)
		return ESP_ERR_INVALID_ARG;
	snprintf(d->commands, sizeof(d->commands), "%s/commands",
		 d->identity.path);
	snprintf(d->answers, sizeof(d->answers), "%s/events/provisioning",
		 d->identity.path);
	d->config = (esp_mqtt_client_config_t){
		.broker.address.uri = d->identity.uri,
		.broker.verification.certificate = d->identity.ca,
		.credentials.client_id = d->identity.path,
		/* What comes while the device is away is kept for it. */
		.session.disable_clean_session = true,
		.session.protocol_ver = MQTT_PROTOCOL_V_3_1_1,
		.buffer.size = IN_BUFFER,
		.buffer.out_size = OUT_BUFFER,
	};
	return ESP_OK;
}

void app_main(void)
{
	static struct device device;
	esp_mqtt_client_handle_t client;

	ESP_ERROR_CHECK(nvs_flash_init());
	ESP_ERROR_CHECK(esp_netif_init());
	ESP_ERROR_CHECK(esp_event_loop_create_default());
	ESP_ERROR_CHECK(prepare(&device));
	ESP_ERROR_CHECK(example_connect());
	wait_for_time();
	client = esp_mqtt_client_init(&device.config);
	ESP_ERROR_CHECK(client ? ESP_OK : ESP_ERR_NO_MEM);
	ESP_ERROR_CHECK(esp_mqtt_client_register_event(client, MQTT_EVENT_ANY,
						       on_mqtt, &device));
	ESP_ERROR_CHECK(esp_mqtt_client_start(client));
	while (!device.rejected)
		vTaskDelay(pdMS_TO_TICKS(100));
	/* not from the client's own task */
	ESP_ERROR_CHECK(esp_mqtt_client_destroy(client));
}
