#include "bridge/life/held.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/store/store_state.h"

#define HEADERS_MAX (64 * 1024)

/* --- headers: for each, one byte of name length, the name, four of the value's
 * length, the lowest first, the value */

static size_t put_header(uint8_t *out, const struct ztp_header *header)
{
	size_t name = strlen(header->name), value = header->value.n, i;

	if (name > 255)
		return 0;
	if (!out)
		return 1 + name + 4 + value;
	*out++ = (uint8_t)name;
	memcpy(out, header->name, name);
	for (i = 0; i < 4; i++)
		out[name + i] = (uint8_t)(value >> 8 * i);
	if (value > 0)
		memcpy(out + name + 4, header->value.p, value);
	return 1 + name + 4 + value;
}

/* What does not fit is left out: no header of ours is so long. */
static uint8_t *pack_headers(const struct consumer_record *record, size_t *len)
{
	uint8_t *bytes = malloc(HEADERS_MAX);
	size_t i, n;

	*len = 0;
	for (i = 0; bytes && i < record->header_count; i++) {
		n = put_header(NULL, &record->headers[i]);
		if (*len + n <= HEADERS_MAX)
			*len += put_header(bytes + *len, &record->headers[i]);
	}
	return bytes;
}

/* --- keeping */

static struct state_cell number(int64_t n)
{
	return (struct state_cell){.type = STATE_NUMBER, .number = n};
}

static struct state_cell bytes(struct ztp_str s)
{
	return (struct state_cell){.type = s.p ? STATE_BYTES : STATE_NULL,
				   .bytes = s};
}

static int put(struct bridge *b, const char *name,
	       const struct consumer_record *record, struct ztp_str headers,
	       struct ztp_error *error)
{
	struct state_row row = {.kind = STATE_HELD,
				.name = ztp_str_of(name),
				.count = STATE_HELD_CELLS};

	row.cells[STATE_HELD_TOPIC] = (struct state_cell){
		.type = STATE_TEXT,
		.bytes = ztp_str_of(record->position.topic)};
	row.cells[STATE_HELD_PART] = number(record->position.partition);
	row.cells[STATE_HELD_OFFSET] = number(record->position.offset);
	row.cells[STATE_HELD_UNTIL] = number(b->hold_until);
	row.cells[STATE_HELD_KEY] = bytes(record->key);
	row.cells[STATE_HELD_VALUE] = bytes(record->value);
	row.cells[STATE_HELD_HEADERS] = bytes(headers);
	return store_state_put(b->store, &row, error);
}

/* A key is whatever its writer likes. */
static bool has_room(const struct store_held *held,
		     const struct consumer_record *record)
{
	return record->key.n <= STATE_HELD_FIELD_MAX &&
	       record->value.n <= STATE_HELD_FIELD_MAX &&
	       held->count < HELD_MAX &&
	       held->bytes + (int64_t)record->value.n <= HELD_BYTES_MAX;
}

int held_keep(struct bridge *b, const char *request_id,
	      const struct consumer_record *record, struct ztp_error *error)
{
	struct store_held held;
	char name[STATE_KEY_MAX + 1];
	uint8_t *headers;
	size_t len;
	int rc;

	if (b->hold_until <= b->core.now)
		return 0;
	rc = store_state_held(b->store, &held, error);
	if (rc != 0)
		return rc;
	if (!has_room(&held, record))
		return 0;
	/* Names are in the order of offsets. */
	snprintf(name, sizeof(name), "%s/%d.%019" PRId64, request_id,
		 record->position.partition, record->position.offset);
	headers = pack_headers(record, &len);
	if (!headers)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	rc = put(b, name, record, (struct ztp_str){(const char *)headers, len},
		 error);
	free(headers);
	if (rc == 0)
		log_debug(b->core.log, "decision_held",
			  LOG_STR("request_id", request_id));
	return rc == 0 ? 1 : rc;
}
