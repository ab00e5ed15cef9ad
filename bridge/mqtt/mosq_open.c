#include "bridge/mqtt/mosq_open.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>

#define SILENT_MS 20000 /* data sent but not acknowledged by TCP */

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

/* Where OpenSSL looks for the system's CAs. */
static const char *system_cas(void)
{
	const char *dir = getenv(X509_get_default_cert_dir_env());

	return dir && *dir ? dir : X509_get_default_cert_dir();
}

/* libmosquitto takes a certificate of our own only together with CAs, and the
 * system's by an option: so their directory is named as well. */
static int set_tls(struct mosquitto *mosq, const struct config_mqtt_tls *tls,
		   const struct mosq_callbacks *callbacks)
{
	const char *ca = given(tls->ca_file), *cert = given(tls->cert_file);
	int rc = 0;

	if (!ca)
		rc = mosquitto_int_option(mosq, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
	if (rc != 0 || (!ca && !cert))
		return rc;
	return mosquitto_tls_set(
		mosq, ca, ca ? NULL : system_cas(), cert, given(tls->key_file),
		*tls->key_password ? callbacks->password : NULL);
}

/* In MQTT 5 a password needs no name: it may be a token. */
static int set_options(struct mosquitto *mosq, const struct config_mqtt *mqtt,
		       const struct mosq_callbacks *callbacks)
{
	int version =
		mqtt->version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
	int rc = mosquitto_int_option(mosq, MOSQ_OPT_PROTOCOL_VERSION, version);

	if (rc == 0)
		rc = mosquitto_int_option(mosq, MOSQ_OPT_SEND_MAXIMUM,
					  MQTT_OUT_WINDOW_MAX);
	if (rc == 0)
		rc = mosquitto_int_option(mosq, MOSQ_OPT_TCP_NODELAY, 1);
	if (rc == 0 && (*mqtt->username || *mqtt->password))
		rc = mosquitto_username_pw_set(mosq, given(mqtt->username),
					       given(mqtt->password));
	if (rc == 0 && mqtt->secure)
		rc = set_tls(mosq, &mqtt->tls, callbacks);
	return rc;
}

/* The handshake has begun, but nothing has come yet. libmosquitto would only log
 * what is wrong with it. */
static void watch_handshake(struct mosquitto *mosq,
			    const struct mosq_callbacks *callbacks)
{
	SSL *ssl = mosquitto_ssl_get(mosq);

	if (!ssl)
		return;
	SSL_CTX_set_cert_verify_callback(SSL_get_SSL_CTX(ssl),
					 callbacks->verify, callbacks->arg);
	SSL_set_app_data(ssl, callbacks->arg);
	SSL_set_info_callback(ssl, callbacks->info);
}

int mosq_open(struct mosquitto **out, const struct core *core, const char *id,
	      const struct mosq_callbacks *callbacks)
{
	const struct config_mqtt *mqtt = &core->config->mqtt;
	struct mosquitto *mosq;
	int rc, fd, ms = SILENT_MS;

	*out = mosq = mosquitto_new(id, true, callbacks->arg);
	if (!mosq)
		return MOSQ_ERR_NOMEM;
	mosquitto_connect_v5_callback_set(mosq, callbacks->connect);
	mosquitto_disconnect_v5_callback_set(mosq, callbacks->disconnect);
	mosquitto_publish_v5_callback_set(mosq, callbacks->publish);
	mosquitto_subscribe_v5_callback_set(mosq, callbacks->subscribe);
	mosquitto_message_v5_callback_set(mosq, callbacks->message);
	rc = set_options(mosq, mqtt, callbacks);
	if (rc == 0)
		rc = mosquitto_connect_async(mosq, mqtt->host, mqtt->port,
					     (int)(mqtt->keepalive_ms / 1000));
	if (rc != 0)
		return rc;
	if (mqtt->secure)
		watch_handshake(mosq, callbacks);
	/* A peer that vanished is noticed by data that it does not
	 * acknowledge, long before the keepalive would notice it. */
	fd = mosquitto_socket(mosq);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return 0;
}

bool mosq_is_accepted(struct mosquitto *mosq)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return getpeername(mosquitto_socket(mosq), (struct sockaddr *)&peer,
			   &size) == 0;
}
