/*
 * The part of esp-mqtt that examples/device/esp-idf uses, on mbed TLS as there:
 * MQTT 3.1.1 over TLS 1.2, one thread, QoS 1 without retransmission. Messages
 * are handed over in pieces of the size of the buffer, and CONNECT has to fit
 * the other buffer, as in the original.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

#include "esp_random.h"
#include "freertos/task.h"
#include "mqtt_client.h"

#define PACKET_MAX (256 * 1024)
#define POLL_MS	   100

struct esp_mqtt_client {
	esp_mqtt_client_config_t config;
	esp_event_handler_t handler;
	void *arg;
	pthread_t thread;
	volatile bool stopped;
	mbedtls_net_context net;
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config tls;
	mbedtls_x509_crt ca;
	uint8_t packet[PACKET_MAX];
	uint16_t last_id;
};

static int fill_random(void *arg, unsigned char *out, size_t len)
{
	(void)arg;
	esp_fill_random(out, len);
	return 0;
}

static void tell(struct esp_mqtt_client *c, esp_mqtt_event_t event)
{
	event.client = c;
	c->handler(c->arg, "MQTT_EVENTS", event.event_id, &event);
}

/* --- packets */

static uint8_t *put_text(uint8_t *at, const char *text, size_t len)
{
	*at++ = (uint8_t)(len >> 8);
	*at++ = (uint8_t)len;
	memcpy(at, text, len);
	return at + len;
}

/* Sends a packet whose body has been written to body + 5. */
static int send_packet(struct esp_mqtt_client *c, uint8_t type, uint8_t *body,
		       const uint8_t *end)
{
	uint8_t *start = body + 5;
	size_t len = (size_t)(end - start), left = len;
	uint8_t header[5] = {type};
	size_t n = 1;

	do {
		header[n++] = (uint8_t)(left % 128 | (left > 127 ? 128 : 0));
		left /= 128;
	} while (left > 0);
	memcpy(start - n, header, n);
	for (uint8_t *at = start - n; at < end;) {
		int rc = mbedtls_ssl_write(&c->ssl, at, (size_t)(end - at));

		if (rc <= 0)
			return rc;
		at += rc;
	}
	return 1;
}

static int send_connect(struct esp_mqtt_client *c)
{
	const char *texts[] = {c->config.credentials.client_id,
			       c->config.credentials.username,
			       c->config.credentials.authentication.password};
	uint8_t body[16 * 1024], *at = body + 5;

	at = put_text(at, "MQTT", 4);
	*at++ = 4;
	*at++ = c->config.session.disable_clean_session ? 0xc0 : 0xc2;
	*at++ = 0; /* no keep alive */
	*at++ = 0;
	for (size_t i = 0; i < 3; i++)
		at = put_text(at, texts[i], strlen(texts[i]));
	if (at - body > c->config.buffer.out_size) {
		fprintf(stderr, "E mqtt: CONNECT does not fit the buffer\n");
		return -1;
	}
	return send_packet(c, 0x10, body, at);
}

static int read_all(struct esp_mqtt_client *c, uint8_t *out, size_t len)
{
	while (len > 0 && !c->stopped) {
		int rc = mbedtls_ssl_read(&c->ssl, out, len);

		if (rc == MBEDTLS_ERR_SSL_TIMEOUT ||
		    rc == MBEDTLS_ERR_SSL_WANT_READ)
			continue;
		if (rc <= 0)
			return -1;
		out += rc;
		len -= (size_t)rc;
	}
	return c->stopped ? -1 : 0;
}

/* Reads a packet into c->packet and returns its length, or -1. */
static long read_packet(struct esp_mqtt_client *c, uint8_t *type)
{
	size_t len = 0;
	uint8_t byte;

	if (read_all(c, type, 1) != 0)
		return -1;
	for (int shift = 0; shift < 28; shift += 7) {
		if (read_all(c, &byte, 1) != 0)
			return -1;
		len |= (size_t)(byte & 127) << shift;
		if (byte < 128)
			break;
	}
	if (len > sizeof(c->packet) || read_all(c, c->packet, len) != 0)
		return -1;
	return (long)len;
}

/* --- one connection */

static void set_up_tls(struct esp_mqtt_client *c)
{
	const char *ca = c->config.broker.verification.certificate;

	mbedtls_net_init(&c->net);
	mbedtls_ssl_init(&c->ssl);
	mbedtls_ssl_config_init(&c->tls);
	mbedtls_x509_crt_init(&c->ca);
	if (psa_crypto_init() != PSA_SUCCESS ||
	    mbedtls_x509_crt_parse(&c->ca, (const uint8_t *)ca,
				   strlen(ca) + 1) != 0 ||
	    mbedtls_ssl_config_defaults(&c->tls, MBEDTLS_SSL_IS_CLIENT,
					MBEDTLS_SSL_TRANSPORT_STREAM,
					MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		abort();
#if MBEDTLS_VERSION_MAJOR >= 3
	mbedtls_ssl_conf_max_tls_version(&c->tls, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
	mbedtls_ssl_conf_ca_chain(&c->tls, &c->ca, NULL);
	mbedtls_ssl_conf_authmode(&c->tls, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_rng(&c->tls, fill_random, NULL);
	mbedtls_ssl_conf_read_timeout(&c->tls, POLL_MS);
	if (mbedtls_ssl_setup(&c->ssl, &c->tls) != 0)
		abort();
	mbedtls_ssl_set_bio(&c->ssl, &c->net, mbedtls_net_send, NULL,
			    mbedtls_net_recv_timeout);
}

static void tear_down(struct esp_mqtt_client *c)
{
	mbedtls_net_free(&c->net);
	mbedtls_ssl_free(&c->ssl);
	mbedtls_ssl_config_free(&c->tls);
	mbedtls_x509_crt_free(&c->ca);
}

static int handshake(struct esp_mqtt_client *c)
{
	char host[256], port[16];
	int rc;

	if (sscanf(c->config.broker.address.uri, "mqtts://%255[^:]:%15s", host,
		   port) != 2 ||
	    mbedtls_ssl_set_hostname(&c->ssl, host) != 0)
		abort();
	rc = mbedtls_net_connect(&c->net, host, port, MBEDTLS_NET_PROTO_TCP);
	if (rc != 0)
		return rc;
	do {
		rc = mbedtls_ssl_handshake(&c->ssl);
	} while (rc == MBEDTLS_ERR_SSL_TIMEOUT && !c->stopped);
	return rc;
}

static void fail(struct esp_mqtt_client *c, esp_mqtt_error_type_t type, int tls,
		 int refused)
{
	esp_mqtt_error_codes_t error = {.error_type = type,
					.esp_tls_stack_err = tls,
					.connect_return_code = refused};

	tell(c, (esp_mqtt_event_t){.event_id = MQTT_EVENT_ERROR,
				   .error_handle = &error});
}

static int connect_now(struct esp_mqtt_client *c)
{
	uint8_t type;
	int rc = handshake(c);

	if (rc != 0) {
		fail(c, MQTT_ERROR_TYPE_TCP_TRANSPORT, rc, 0);
		return -1;
	}
	if (send_connect(c) <= 0 || read_packet(c, &type) != 2 ||
	    type != 0x20) {
		fail(c, MQTT_ERROR_TYPE_TCP_TRANSPORT, 0, 0);
		return -1;
	}
	if (c->packet[1] == 0)
		return 0;
	fail(c, MQTT_ERROR_TYPE_CONNECTION_REFUSED, 0, c->packet[1]);
	return -1;
}

static void hand_over(struct esp_mqtt_client *c, char *data, int len)
{
	int size = c->config.buffer.size;

	for (int at = 0; at < len; at += size)
		tell(c, (esp_mqtt_event_t){
				.event_id = MQTT_EVENT_DATA,
				.data = data + at,
				.data_len = len - at < size ? len - at : size,
				.current_data_offset = at,
				.total_data_len = len});
}

static void take(struct esp_mqtt_client *c, uint8_t type, size_t len)
{
	size_t topic = (size_t)c->packet[0] << 8 | c->packet[1];
	size_t start = 2 + topic + (type & 6 ? 2 : 0);
	uint8_t ack[7] = {0};
	char *copy;

	if (type >> 4 != 3 || start > len)
		return;
	if (type & 6) {
		memcpy(ack + 5, c->packet + 2 + topic, 2);
		(void)send_packet(c, 0x40, ack, ack + 7);
	}
	copy = malloc(len - start + 1);
	if (!copy)
		abort();
	memcpy(copy, c->packet + start, len - start);
	hand_over(c, copy, (int)(len - start));
	free(copy);
}

static void *run(void *arg)
{
	struct esp_mqtt_client *c = arg;
	uint8_t type;
	long len;

	while (!c->stopped) {
		tell(c,
		     (esp_mqtt_event_t){.event_id = MQTT_EVENT_BEFORE_CONNECT});
		set_up_tls(c);
		if (connect_now(c) == 0) {
			tell(c, (esp_mqtt_event_t){
					.event_id = MQTT_EVENT_CONNECTED});
			while ((len = read_packet(c, &type)) >= 0)
				take(c, type, (size_t)len);
		}
		tear_down(c);
		tell(c,
		     (esp_mqtt_event_t){.event_id = MQTT_EVENT_DISCONNECTED});
		for (int ms = 0;
		     !c->stopped && ms < c->config.network.reconnect_timeout_ms;
		     ms += POLL_MS)
			vTaskDelay(POLL_MS);
	}
	return NULL;
}

/* --- what the example calls */

esp_mqtt_client_handle_t
esp_mqtt_client_init(const esp_mqtt_client_config_t *config)
{
	struct esp_mqtt_client *c = calloc(1, sizeof(*c));

	if (c)
		c->config = *config;
	return c;
}

esp_err_t esp_mqtt_set_config(esp_mqtt_client_handle_t c,
			      const esp_mqtt_client_config_t *config)
{
	c->config = *config;
	return ESP_OK;
}

esp_err_t esp_mqtt_client_register_event(esp_mqtt_client_handle_t c,
					 esp_mqtt_event_id_t event,
					 esp_event_handler_t handler, void *arg)
{
	c->handler = handler;
	c->arg = arg;
	return event == MQTT_EVENT_ANY ? ESP_OK : ESP_ERR_INVALID_ARG;
}

esp_err_t esp_mqtt_client_start(esp_mqtt_client_handle_t c)
{
	return pthread_create(&c->thread, NULL, run, c) == 0 ? ESP_OK
							     : ESP_FAIL;
}

esp_err_t esp_mqtt_client_destroy(esp_mqtt_client_handle_t c)
{
	c->stopped = true;
	if (pthread_join(c->thread, NULL) != 0)
		return ESP_FAIL;
	free(c);
	return ESP_OK;
}

int esp_mqtt_client_subscribe(esp_mqtt_client_handle_t c, const char *topic,
			      int qos)
{
	uint8_t body[2048], *at = body + 5;

	*at++ = (uint8_t)(++c->last_id >> 8);
	*at++ = (uint8_t)c->last_id;
	at = put_text(at, topic, strlen(topic));
	*at++ = (uint8_t)qos;
	return send_packet(c, 0x82, body, at) > 0 ? c->last_id : -1;
}

int esp_mqtt_client_enqueue(esp_mqtt_client_handle_t c, const char *topic,
			    const char *data, int len, int qos, int retain,
			    bool store)
{
	uint8_t body[4096], *at = body + 5;

	(void)store;
	if (strlen(topic) + (size_t)len + 9 > sizeof(body))
		return -1;
	at = put_text(at, topic, strlen(topic));
	*at++ = (uint8_t)(++c->last_id >> 8);
	*at++ = (uint8_t)c->last_id;
	memcpy(at, data, (size_t)len);
	at += len;
	return send_packet(c, (uint8_t)(0x30 | qos << 1 | retain), body, at) > 0
		       ? c->last_id
		       : -1;
}
