/*
 * tools/device/device.h - ztp-device: a simulated device, and an example for
 * firmware authors. It connects with the bootstrap certificate as MQTT username
 * and a JWT signed by its key as password, waits on its command topic, and says
 * that it has applied what it was told. The broker either holds a new device or
 * refuses it until it has been approved; then it tries again, after pauses that
 * grow.
 */
#ifndef ZTP_TOOLS_DEVICE_H
#define ZTP_TOOLS_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <MQTTClient.h>
#include <openssl/evp.h>

#include "ztp/pending.h"

#define PROGRAM "ztp-device"

/* Exit codes. REFUSED: for good, as far as a broker can say that; only with
 * --unused. NEVER_LET_IN: whenever a broker answered, it refused. */
enum verdict {
	APPROVED,
	FAILED,
	USAGE,
	REJECTED,
	NO_ANSWER,
	REFUSED,
	NEVER_LET_IN
};

/* What the command line says; all texts belong to it. */
struct device {
	const char *url, *ca, *cert, *key, *path, *audience, *out;
	int version; /* MQTTVERSION_5 or MQTTVERSION_3_1_1 */
	bool secure, unused, silent;
	int64_t wait_s;
};

/* A JWT (RFC 7519) for the device, signed by its key: RS256, or ES256 and ES384
 * by the curve. It is valid for an hour. NULL: no memory. Free it. */
char *device_jwt(const struct device *d, EVP_PKEY *key);

/* What a message on the command topic says. */
struct command {
	char status[16];
	char request_id[ZTP_REQUEST_ID_MAX + 1]; /* "": it names none */
	bool erased; /* there was a payload, which is not kept any more */
};

void command_read(struct command *command, const MQTTClient_message *message);
/* Is a command with that request id what the file has? */
bool command_is_in(const struct command *command, const char *path);
/* The device's answer, JSON; NULL: no memory. Free it with cJSON_free. */
char *command_answer(const struct command *command, bool applied,
		     const char *message);

/* Runs until there is an answer or the time is over. Warnings go to stderr, what
 * is received to stdout. username belongs to the caller. */
enum verdict device_run(const struct device *d, EVP_PKEY *key,
			const char *username);

#endif
