/*
 * tests/bench/onboard_packet.h - the MQTT 5 packets of a device, written and
 * read by hand, because a client library would cost more than what is measured.
 */
#ifndef TESTS_BENCH_ONBOARD_PACKET_H
#define TESTS_BENCH_ONBOARD_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX (64 * 1024)

enum packet_type {
	PACKET_CONNACK = 2,
	PACKET_PUBLISH = 3,
	PACKET_PUBACK = 4,
	PACKET_SUBACK = 9,
};

/* What a device needs to know of a packet. */
struct packet {
	enum packet_type type;
	size_t size;  /* with its header */
	uint8_t code; /* reason code of CONNACK, SUBACK, PUBACK; 0: success */
	uint16_t id;  /* PUBLISH at QoS 1, PUBACK */
	const uint8_t *payload; /* of a PUBLISH */
	size_t payload_len;
};

/* Each writes to `out`, which has PACKET_MAX bytes, and returns the size. */
size_t packet_connect(uint8_t *out, const char *client, const char *user,
		      const char *password);
size_t packet_subscribe(uint8_t *out, const char *topic);
size_t packet_publish(uint8_t *out, const char *topic, uint16_t id,
		      const char *payload);
size_t packet_puback(uint8_t *out, uint16_t id);
size_t packet_disconnect(uint8_t *out);

/* Reads the first packet; false while it is incomplete. */
bool packet_read(struct packet *packet, const uint8_t *bytes, size_t len);

#endif
