/*
 * What a device has to know of its onboarding, without a network: the user name
 * and password of its CONNECT, messages that arrive in pieces, what they say,
 * and how long to wait before the next try. It needs mbed TLS 2.28 or 3 and
 * cJSON, which ESP-IDF 5 brings along, and runs on a PC as well.
 */
#ifndef ZTP_DEVICE_H
#define ZTP_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mbedtls/pk.h>

#define ZTP_USERNAME_MAX 2048 /* a certificate of 1.5 KB in base64 */
#define ZTP_JWT_MAX	 2048 /* see "Memory" in the device author's guide */
#define ZTP_ID_MAX	 129
#define ZTP_JWT_S	 3600 /* how long a JWT, and so a session, is good */

typedef int (*ztp_rng)(void *arg, unsigned char *out, size_t len);

/* The certificate in PEM as one line of base64, which is what the broker takes.
 * Returns its length, or -1. */
int ztp_username(char *out, size_t size, const char *pem);

struct ztp_claims {
	int64_t now; /* seconds since 1970 */
	const char *audience, *path;
};

/* A JWT signed by the key: RS256 for RSA, ES256 for P-256. Returns its length,
 * or -1. */
int ztp_jwt(char *out, size_t size, const struct ztp_claims *claims,
	    mbedtls_pk_context *key, ztp_rng rng, void *rng_arg);

/* An ECDSA signature in DER, as mbed TLS writes it, as r and s of half bytes
 * each, as a JWT wants it. Returns 0, or -1. */
int ztp_raw_signature(uint8_t *out, size_t half, const uint8_t *der,
		      size_t len);

/* A message that the MQTT client hands over in pieces. */
struct ztp_message {
	char *text; /* of size bytes; one stays free for a NUL */
	size_t size, len;
	bool broken; /* a piece is missing, or there is no room */
};

/* Adds the piece at offset. True: it was the last one, and text is whole. */
bool ztp_message_add(struct ztp_message *message, const char *piece, size_t len,
		     size_t offset, size_t total);

enum ztp_said { ZTP_OTHER, ZTP_PENDING, ZTP_APPROVED, ZTP_REJECTED };

struct ztp_command {
	enum ztp_said said;
	char request_id[ZTP_ID_MAX];
	int retry_after_s; /* PENDING; 0: not said */
	/* APPROVED: its JSON as the customer wrote it, or the bytes that were
	 * sent as base64; NULL: none, or it could not be read (broken). Free it
	 * with free. */
	char *payload;
	size_t payload_len;
	bool broken;
	bool erased; /* the payload is not kept any more */
};

/* Reads a message from the command topic. */
void ztp_command_read(struct ztp_command *command, const char *text);

/* The answer, for {device path}/events/provisioning. error: why the payload
 * could not be applied, without quotes; NULL: it was. Returns its length, or
 * -1. */
int ztp_answer(char *out, size_t size, const char *request_id,
	       const char *error);

/* Seconds to wait after that many failed tries in a row: 5, 10, 20 … up to 10
 * minutes, or what the broker has asked for if that is more, and up to a
 * quarter longer by chance, so that a fleet does not come back at once. */
int ztp_pause_s(unsigned tries, int retry_after_s, uint32_t chance);

#endif
