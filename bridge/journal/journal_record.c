#include "bridge/journal/journal_record.h"

#include <string.h>

#include "bridge/journal/journal_internal.h"
#include "ztp/codec.h"

#define ID_SIZE	   ((JOURNAL_ID_LEN - 1) / 2)
#define PLACE_SIZE 16

static uint8_t *put_number(uint8_t *out, uint64_t number)
{
	int i;

	for (i = 0; i < 8; i++)
		*out++ = (uint8_t)(number >> 8 * i);
	return out;
}

static uint64_t get_number(const uint8_t *in)
{
	uint64_t number = 0;
	int i;

	for (i = 0; i < 8; i++)
		number |= (uint64_t)in[i] << 8 * i;
	return number;
}

static uint8_t *put_place(uint8_t *out, const struct journal_mark *place)
{
	return put_number(put_number(out, place->segment), place->offset);
}

static struct journal_mark get_place(const uint8_t *in)
{
	return (struct journal_mark){get_number(in), get_number(in + 8)};
}

void journal_record_head(uint8_t head[JOURNAL_RECORD_HEAD],
			 const struct journal_record *record)
{
	*head++ = JOURNAL_RECORD_FORMAT;
	(void)ztp_hex_decode(head, ID_SIZE, record->journal, 2 * ID_SIZE);
	put_place(put_place(head + ID_SIZE, &record->before), &record->after);
}

static bool is_place(const struct journal_mark *place)
{
	return place->segment < SEGMENT_END && place->offset <= JOURNAL_SEGMENT;
}

int journal_record_decode(struct journal_record *record, const void *bytes,
			  size_t len, struct ztp_error *error)
{
	const uint8_t *in = bytes;

	/* A letter that a person has typed is no format. */
	if (len > 0 && *in > JOURNAL_RECORD_FORMAT && (*in < ' ' || *in > '~'))
		return ztp_fail(error, ZTP_ERR_STATE_NEWER,
				"a journal's entry has format %d, of a newer "
				"release",
				*in);
	if (len <= JOURNAL_RECORD_HEAD || len > JOURNAL_RECORD_MAX ||
	    *in != JOURNAL_RECORD_FORMAT)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"it is no journal's entry");
	ztp_hex_encode(record->journal, ++in, ID_SIZE);
	record->before = get_place(in + ID_SIZE);
	record->after = get_place(in + ID_SIZE + PLACE_SIZE);
	record->entry = in + ID_SIZE + (size_t)2 * PLACE_SIZE;
	record->len = len - JOURNAL_RECORD_HEAD;
	if (!is_place(&record->before) || !is_place(&record->after) ||
	    !journal_before(&record->before, &record->after))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"a journal's entry has no place in it");
	return 0;
}

struct ztp_str journal_record_group(struct ztp_str key)
{
	const size_t id = JOURNAL_ID_LEN - 1;

	if (!key.p || key.n < id + 1 || key.p[key.n - id - 1] != '/')
		return (struct ztp_str){NULL, 0};
	return (struct ztp_str){key.p, key.n - id - 1};
}
