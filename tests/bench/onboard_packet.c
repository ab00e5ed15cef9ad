#include "tests/bench/onboard_packet.h"

#include <string.h>

#define HEADER 5 /* at most: type, and four bytes of length */

static uint8_t *put_text(uint8_t *at, const char *text)
{
	size_t n = strlen(text);

	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
	memcpy(at + 2, text, n);
	return at + 2 + n;
}

/* The body has been written behind HEADER bytes, up to end. */
static size_t close_packet(uint8_t *out, uint8_t type, const uint8_t *end)
{
	size_t body = (size_t)(end - (out + HEADER)), left = body, n = 1;

	out[0] = type;
	do {
		out[n] = (uint8_t)(left & 127);
		left >>= 7;
		if (left > 0)
			out[n] |= 128;
		n++;
	} while (left > 0);
	memmove(out + n, out + HEADER, body);
	return n + body;
}

size_t packet_connect(uint8_t *out, const char *client, const char *user,
		      const char *password)
{
	/* version 5; user, password, clean start; keep alive 10 min */
	static const uint8_t head[] = {0, 4,	'M', 'Q',  'T', 'T',
				       5, 0xc2, 2,   0x58, 0};
	uint8_t *at = out + HEADER;

	memcpy(at, head, sizeof(head));
	at = put_text(at + sizeof(head), client);
	at = put_text(at, user);
	return close_packet(out, 0x10, put_text(at, password));
}

size_t packet_subscribe(uint8_t *out, const char *topic)
{
	uint8_t *at = out + HEADER;

	*at++ = 0;
	*at++ = 1; /* packet id */
	*at++ = 0; /* no properties */
	at = put_text(at, topic);
	*at++ = 1; /* QoS */
	return close_packet(out, 0x82, at);
}

size_t packet_publish(uint8_t *out, const char *topic, uint16_t id,
		      const char *payload)
{
	uint8_t *at = put_text(out + HEADER, topic);
	size_t n = strlen(payload);

	*at++ = (uint8_t)(id >> 8);
	*at++ = (uint8_t)id;
	*at++ = 0; /* no properties */
	memcpy(at, payload, n);
	return close_packet(out, 0x32, at + n);
}

size_t packet_puback(uint8_t *out, uint16_t id)
{
	out[0] = 0x40;
	out[1] = 2;
	out[2] = (uint8_t)(id >> 8);
	out[3] = (uint8_t)id;
	return 4;
}

size_t packet_disconnect(uint8_t *out)
{
	out[0] = 0xe0;
	out[1] = 0;
	return 2;
}

/* A length of one to four bytes at bytes[at]. Returns how many it takes, 0 if
 * they are not all there. */
static size_t get_length(size_t *out, const uint8_t *bytes, size_t len)
{
	*out = 0;
	for (size_t i = 0; i < len && i < 4; i++) {
		*out |= (size_t)(bytes[i] & 127) << (7 * i);
		if (!(bytes[i] & 128))
			return i + 1;
	}
	return 0;
}

static void read_publish(struct packet *packet, const uint8_t *body, size_t len,
			 bool with_id)
{
	size_t at, properties, n;

	if (len < 2)
		return;
	at = 2 + ((size_t)body[0] << 8 | body[1]);
	if (with_id && at + 2 <= len) {
		packet->id = (uint16_t)(body[at] << 8 | body[at + 1]);
		at += 2;
	}
	if (at > len)
		return;
	n = get_length(&properties, body + at, len - at);
	at += n + properties;
	if (n == 0 || at > len)
		return;
	packet->payload = body + at;
	packet->payload_len = len - at;
}

bool packet_read(struct packet *packet, const uint8_t *bytes, size_t len)
{
	const uint8_t *body;
	size_t n, rest;

	*packet = (struct packet){0};
	n = len > 1 ? get_length(&rest, bytes + 1, len - 1) : 0;
	if (n == 0 || len < 1 + n + rest)
		return false;
	body = bytes + 1 + n;
	packet->type = bytes[0] >> 4;
	packet->size = 1 + n + rest;
	if (packet->type == PACKET_PUBLISH)
		read_publish(packet, body, rest, (bytes[0] & 6) != 0);
	else if (packet->type == PACKET_CONNACK && rest > 1)
		packet->code = body[1];
	else if (packet->type == PACKET_SUBACK && rest > 0)
		packet->code = body[rest - 1];
	else if (packet->type == PACKET_PUBACK && rest > 1) {
		packet->id = (uint16_t)(body[0] << 8 | body[1]);
		packet->code = rest > 2 ? body[2] : 0;
	}
	return true;
}
