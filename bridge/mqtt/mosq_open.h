/*
 * bridge/mqtt/mosq_open.h - libmosquitto's client for the second connection,
 * as the configuration wants it: version, password, TLS, socket. Loop thread
 * only.
 */
#ifndef BRIDGE_MQTT_MOSQ_OPEN_H
#define BRIDGE_MQTT_MOSQ_OPEN_H

#include <openssl/ssl.h>

#include "bridge/mqtt/mqtt_out.h"

struct mosq_callbacks {
	void (*connect)(struct mosquitto *mosq, void *arg, int rc, int flags,
			const mosquitto_property *properties);
	void (*disconnect)(struct mosquitto *mosq, void *arg, int rc,
			   const mosquitto_property *properties);
	void (*publish)(struct mosquitto *mosq, void *arg, int mid, int rc,
			const mosquitto_property *properties);
	void (*subscribe)(struct mosquitto *mosq, void *arg, int mid, int count,
			  const int *granted,
			  const mosquitto_property *properties);
	void (*message)(struct mosquitto *mosq, void *arg,
			const struct mosquitto_message *message,
			const mosquitto_property *properties);
	/* OpenSSL asks whether the broker's certificate is accepted: 1 or 0;
	 * arg: as for the others. */
	int (*verify)(X509_STORE_CTX *store, void *arg);
	/* OpenSSL says how far the handshake is, and what the broker's alerts
	 * are: SSL_set_info_callback. Its SSL_get_app_data is arg. */
	void (*info)(const SSL *ssl, int where, int value);
	/* OpenSSL asks for the key file's password; arg: the mosq. */
	int (*password)(char *buf, int size, int rwflag, void *arg);
	void *arg; /* of all others */
};

/* Starts to connect, as the client `id`. Returns 0 or a MOSQ_ERR_* code; *mosq may
 * be set all the same, and is to be destroyed. Does not wait for the broker, if its
 * address has been told (bridge/mqtt/names.h). */
int mosq_open(struct mosquitto **mosq, const struct core *core, const char *id,
	      const struct mosq_callbacks *callbacks);

/* Has the broker's TCP accepted the connection? */
bool mosq_is_accepted(struct mosquitto *mosq);

#endif
