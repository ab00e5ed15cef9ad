/* How large a command's PUBLISH is: the packet of MQTT 3.1.1 and 5, section 3.3,
 * written out. */
#include "ztp/command.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/exact.h"

#define LARGEST (2097152 + 100) /* a length of four bytes, and of the payload */

static size_t put_text(uint8_t *out, const char *text)
{
	size_t n = strlen(text);

	out[0] = (uint8_t)(n >> 8);
	out[1] = (uint8_t)n;
	memcpy(out + 2, text, n);
	return 2 + n;
}

/* A variable byte integer, as MQTT 5 section 1.5.5 has it in code. */
static size_t put_number(uint8_t *out, size_t number)
{
	size_t n = 0;

	do {
		out[n] = number % 128;
		number /= 128;
		if (number > 0)
			out[n] |= 128;
		n++;
	} while (number > 0);
	return n;
}

static size_t put_properties(uint8_t *out, const char *type, const char *id,
			     const char *status)
{
	size_t n = 0;

	if (*type) {
		out[n++] = 0x03; /* content type */
		n += put_text(out + n, type);
	}
	out[n++] = 0x02; /* message expiry interval */
	n += 4;
	out[n++] = 0x09; /* correlation data */
	n += put_text(out + n, id);
	out[n++] = 0x26; /* user property */
	n += put_text(out + n, "request_id");
	n += put_text(out + n, id);
	out[n++] = 0x26;
	n += put_text(out + n, "status");
	return n + put_text(out + n, status);
}

static size_t packet(const struct ztp_command_bytes *bytes, const char *topic,
		     const char *id, const char *status, bool five)
{
	static uint8_t head[8], body[4096], properties[2048];
	size_t n = put_text(body, topic), p;

	n += 2; /* packet identifier */
	if (five) {
		p = put_properties(properties, bytes->content_type, id, status);
		n += put_number(body + n, p) + p;
	}
	n += bytes->len;
	return 1 + put_number(head, n) + n;
}

static void it_is_the_packet_s(void **state)
{
	static const char *const types[] = {"", "a/b", "application/json"};
	struct ztp_command_bytes bytes = {.data = NULL};
	char id[ZTP_REQUEST_ID_MAX + 1];

	(void)state;
	memset(id, 'r', sizeof(id) - 1);
	for (size_t i = 0; i < 6; i++) {
		const char *type = types[i / 2];
		bool five = i % 2;

		id[1 + 25 * i] = '\0'; /* lengths of one byte and of two */
		memcpy(bytes.content_type, type, strlen(type) + 1);
		for (size_t n = 0; n < LARGEST; n += n < 20000 ? 1 : 7) {
			bytes.len = n;
			assert_int_equal(ztp_command_size(&bytes, "a/commands",
							  id, "approved", five),
					 packet(&bytes, "a/commands", id,
						"approved", five));
		}
		id[1 + 25 * i] = 'r';
	}
}

/* Counted by hand. */
static void the_smallest(void **state)
{
	const struct ztp_command_bytes bytes = {.len = 5};

	(void)state;
	assert_int_equal(ztp_command_size(&bytes, "a", "r", "approved", false),
			 2 + 3 + 2 + 5);
	assert_int_equal(ztp_command_size(&bytes, "a", "r", "approved", true),
			 2 + 3 + 2 + 1 + 5 + 4 + 16 + 19 + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_packet_s),
		cmocka_unit_test(the_smallest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
