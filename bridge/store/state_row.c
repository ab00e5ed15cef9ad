#include "bridge/store/state_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ztp/contact.h"
#include "ztp/event.h"
#include "ztp/life.h"
#include "ztp/obligation.h"
#include "ztp/topics.h"

#define HELD_HEADERS_MAX (64 * 1024)
#define METADATA_MAX	 (16 * 1024)
#define NUMBER_MAX	 10 /* bytes of a number */

_Static_assert(2 * STATE_HELD_FIELD_MAX + HELD_HEADERS_MAX + 2 * STATE_KEY_MAX <
		       STATE_ROW_BYTES,
	       "a held decision is a record");

/* --- what a row of each kind looks like */

/* least and most are of a number's value, or of a length. */
struct column {
	enum state_type type;
	bool nullable;
	int64_t least, most;
};

#define NUMBER(least, most)                                                    \
	{                                                                      \
		STATE_NUMBER, false, (least), (most)                           \
	}
#define ANY_NUMBER NUMBER(INT64_MIN, INT64_MAX)
#define TIME                                                                   \
	{                                                                      \
		STATE_NUMBER, true, 0, INT64_MAX                               \
	}
#define ROW   NUMBER(1, INT64_MAX)
#define COUNT NUMBER(0, INT32_MAX)
#define FLAG  NUMBER(0, 1)
#define TEXT(least, most)                                                      \
	{                                                                      \
		STATE_TEXT, false, (least), (most)                             \
	}
#define OPTIONAL_TEXT(most)                                                    \
	{                                                                      \
		STATE_TEXT, true, 1, (most)                                    \
	}
#define BYTES(least, most)                                                     \
	{                                                                      \
		STATE_BYTES, false, (least), (most)                            \
	}
#define OPTIONAL_BYTES(most)                                                   \
	{                                                                      \
		STATE_BYTES, true, 0, (most)                                   \
	}
#define OPTIONAL_NUMBER(a, b)                                                  \
	{                                                                      \
		STATE_NUMBER, true, (a), (b)                                   \
	}

static const struct column birth[] = {TEXT(1, 64), TIME};
static const struct column active[] = {TEXT(1, 64), TEXT(1, 64), FLAG, TIME,
				       TIME};
static const struct column facts[] = {TIME, TIME, TIME};
static const struct column filters[] = {OPTIONAL_TEXT(1 << 20)};
static const struct column lost[] = {ANY_NUMBER};
static const struct column taken[] = {NUMBER(0, INT64_MAX)};
static const struct column journal[] = {NUMBER(0, INT64_MAX),
					NUMBER(0, INT64_MAX)};
static const struct column position[] = {
	[STATE_POSITION_TOPIC] = TEXT(1, ZTP_TOPIC_NAME_MAX),
	[STATE_POSITION_PART] = COUNT,
	[STATE_POSITION_NEXT] = NUMBER(0, INT64_MAX),
	[STATE_POSITION_LANDMARK] = ANY_NUMBER,
	[STATE_POSITION_WRITTEN_AT] = ANY_NUMBER,
	[STATE_POSITION_CRC] = NUMBER(0, UINT32_MAX),
};
static const struct column request[] = {
	[STATE_REQUEST_N] = ROW,
	[STATE_REQUEST_ID] = TEXT(1, ZTP_REQUEST_ID_MAX),
	[STATE_REQUEST_PATH] = TEXT(1, ZTP_PATH_MAX),
	[STATE_REQUEST_FINGERPRINT] = BYTES(ZTP_SHA256_LEN, 2 * ZTP_SHA256_LEN),
	[STATE_REQUEST_CHANNEL] = OPTIONAL_TEXT(ZTP_TOPIC_MAX),
	[STATE_REQUEST_TRACEPARENT] = OPTIONAL_TEXT(ZTP_TRACEPARENT_LEN - 1),
	[STATE_REQUEST_STATE] = NUMBER(ZTP_STATE_NONE + 1, ZTP_STATE_END - 1),
	[STATE_REQUEST_ATTEMPT] = COUNT,
	[STATE_REQUEST_RECEIVED_AT] = ANY_NUMBER,
	[STATE_REQUEST_EXPIRES_AT] = ANY_NUMBER,
	[STATE_REQUEST_ANNOUNCED_AT] = TIME,
	[STATE_REQUEST_DUE_AT] = TIME,
	[STATE_REQUEST_RETRY_AT] = TIME,
	[STATE_REQUEST_TODO] = OPTIONAL_NUMBER(0, ZTP_OWED_END - 1),
	[STATE_REQUEST_TRIES] = COUNT,
	[STATE_REQUEST_FINISHED_AT] = TIME,
	[STATE_REQUEST_DELIVERED_AT] = TIME,
	[STATE_REQUEST_DECISION] = TIME,
	[STATE_REQUEST_LOSSES] = COUNT,
	[STATE_REQUEST_HEARD] = OPTIONAL_NUMBER(0, ZTP_HEARD_APPLIED),
	[STATE_REQUEST_CONNECTION] = OPTIONAL_NUMBER(INT64_MIN, INT64_MAX),
	[STATE_REQUEST_RESENDS] = OPTIONAL_NUMBER(0, INT32_MAX),
	[STATE_REQUEST_RESENT_AT] = TIME,
};
static const struct column decision[] = {
	[STATE_DECISION_N] = ROW,
	[STATE_DECISION_REQUEST] = ROW,
	[STATE_DECISION_BY_CUSTOMER] = FLAG,
	[STATE_DECISION_VERDICT] = NUMBER(ZTP_REJECT, ZTP_APPROVE),
	[STATE_DECISION_DIGEST] = BYTES(ZTP_SHA256_LEN, ZTP_SHA256_LEN),
	[STATE_DECISION_TOPIC] = OPTIONAL_TEXT(ZTP_TOPIC_NAME_MAX),
	[STATE_DECISION_PART] = NUMBER(INT32_MIN, INT32_MAX),
	[STATE_DECISION_OFFSET] = ANY_NUMBER,
	[STATE_DECISION_REASON] = OPTIONAL_TEXT(ZTP_REASON_MAX),
	[STATE_DECISION_MESSAGE] = OPTIONAL_TEXT(ZTP_MESSAGE_MAX),
	[STATE_DECISION_KIND] = NUMBER(0, 63), /* see store_decision.c */
	[STATE_DECISION_PAYLOAD] = OPTIONAL_BYTES(ZTP_PAYLOAD_MAX),
	[STATE_DECISION_CONTENT_TYPE] = OPTIONAL_TEXT(ZTP_CONTENT_TYPE_MAX),
	[STATE_DECISION_METADATA] = OPTIONAL_TEXT(METADATA_MAX),
};
static const struct column held[] = {
	[STATE_HELD_TOPIC] = TEXT(1, ZTP_TOPIC_NAME_MAX),
	[STATE_HELD_PART] = COUNT,
	[STATE_HELD_OFFSET] = NUMBER(0, INT64_MAX),
	[STATE_HELD_UNTIL] = NUMBER(0, INT64_MAX),
	[STATE_HELD_KEY] = OPTIONAL_BYTES(STATE_HELD_FIELD_MAX),
	[STATE_HELD_VALUE] = OPTIONAL_BYTES(STATE_HELD_FIELD_MAX),
	[STATE_HELD_HEADERS] = OPTIONAL_BYTES(HELD_HEADERS_MAX),
};

#define OF(columns) columns, (int)(sizeof(columns) / sizeof((columns)[0]))

static const char *const keys[STATE_KINDS] = {
#define X(name, key) [STATE_##name] = (key),
	STATE_KIND_LIST(X)
#undef X
};

static const struct {
	const struct column *columns;
	int count;
} kinds[STATE_KINDS] = {
	[STATE_BIRTH] = {OF(birth)},	   [STATE_ACTIVE] = {OF(active)},
	[STATE_FACTS] = {OF(facts)},	   [STATE_FILTERS] = {OF(filters)},
	[STATE_LOST] = {OF(lost)},	   [STATE_TAKEN] = {OF(taken)},
	[STATE_POSITION] = {OF(position)}, [STATE_JOURNAL] = {OF(journal)},
	[STATE_REQUEST] = {OF(request)},   [STATE_DECISION] = {OF(decision)},
	[STATE_HELD] = {OF(held)},
};

_Static_assert(STATE_REQUEST_CELLS <= STATE_CELLS_MAX, "a row has room");

int state_cells(enum state_kind kind)
{
	return kinds[kind].count;
}

static bool has_name(enum state_kind kind)
{
	const char *key = keys[kind];

	return key[strlen(key) - 1] == '/';
}

static bool fits(const struct column *column, const struct state_cell *cell)
{
	int64_t size = cell->type == STATE_NUMBER ? cell->number
						  : (int64_t)cell->bytes.n;

	if (cell->type == STATE_NULL)
		return column->nullable;
	if (cell->type != column->type || size < column->least ||
	    size > column->most)
		return false;
	return cell->type != STATE_TEXT || cell->bytes.n == 0 ||
	       !memchr(cell->bytes.p, '\0', cell->bytes.n);
}

/* A row is named by its request, or its partition, and says so itself. */
static bool names_itself(const struct state_row *row)
{
	const struct state_cell *cell = row->cells;
	char number[24];

	if (row->kind == STATE_REQUEST) {
		const struct ztp_str *id = &cell[STATE_REQUEST_ID].bytes;

		return id->n == row->name.n &&
		       memcmp(id->p, row->name.p, id->n) == 0;
	}
	if (row->kind != STATE_POSITION)
		return true;
	snprintf(number, sizeof(number), "%lld",
		 (long long)cell[STATE_POSITION_PART].number);
	return strlen(number) == row->name.n &&
	       memcmp(number, row->name.p, row->name.n) == 0;
}

static int check(const struct state_row *row, struct ztp_error *error)
{
	int i;

	if (row->count != kinds[row->kind].count)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"a row \"%s\" has %d columns", keys[row->kind],
				row->count);
	for (i = 0; i < row->count; i++)
		if (!fits(&kinds[row->kind].columns[i], &row->cells[i]))
			return ztp_fail(error, ZTP_ERR_VALUE,
					"column %d of a row \"%s\" is wrong",
					i + 1, keys[row->kind]);
	if (!names_itself(row))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"a row \"%s\" is not the one that its key says",
				keys[row->kind]);
	return 0;
}

/* --- keys */

int state_key(char key[STATE_KEY_MAX + 1], enum state_kind kind,
	      const char *name)
{
	int n = snprintf(key, STATE_KEY_MAX + 1, "%s%s", keys[kind],
			 has_name(kind) ? name : "");

	return n <= STATE_KEY_MAX ? n : ZTP_ERR_TOO_LARGE;
}

/* A key that is a whole word comes before one that only begins with it. */
static bool parse_key(struct state_row *row, struct ztp_str key)
{
	int kind;

	for (kind = 0; kind < STATE_KINDS; kind++) {
		size_t n = strlen(keys[kind]);
		bool named = has_name((enum state_kind)kind);

		if (key.n < n || memcmp(key.p, keys[kind], n) != 0 ||
		    named != (key.n > n))
			continue;
		row->kind = (enum state_kind)kind;
		row->name = (struct ztp_str){key.p + n, key.n - n};
		return !memchr(key.p, '\0', key.n);
	}
	return false;
}

/* --- writing */

static bool reserve(struct state_bytes *out, size_t more)
{
	size_t cap = 2 * (out->len + more);
	uint8_t *grown;

	if (out->len + more <= out->cap)
		return true;
	grown = realloc(out->p, cap);
	if (!grown)
		return false;
	out->p = grown;
	out->cap = cap;
	return true;
}

/* Seven bits in a byte, the lowest first; small ones are short, whatever their
 * sign. */
static void put_number(struct state_bytes *out, int64_t number)
{
	uint64_t rest = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);

	for (; rest >= 0x80; rest >>= 7)
		out->p[out->len++] = (uint8_t)(rest | 0x80);
	out->p[out->len++] = (uint8_t)rest;
}

static bool put_cell(struct state_bytes *out, const struct state_cell *cell)
{
	bool long_one = cell->type == STATE_TEXT || cell->type == STATE_BYTES;

	if (!reserve(out, 1 + NUMBER_MAX + (long_one ? cell->bytes.n : 0)))
		return false;
	out->p[out->len++] = (uint8_t)cell->type;
	if (cell->type == STATE_NUMBER)
		put_number(out, cell->number);
	if (!long_one)
		return true;
	put_number(out, (int64_t)cell->bytes.n);
	if (cell->bytes.n > 0)
		memcpy(out->p + out->len, cell->bytes.p, cell->bytes.n);
	out->len += cell->bytes.n;
	return true;
}

int state_row_encode(struct state_bytes *out, const struct state_row *row,
		     struct ztp_error *error)
{
	int i, rc = check(row, error);
	bool ok;

	if (rc != 0)
		return rc;
	out->len = 0;
	ok = reserve(out, 256);
	if (ok)
		out->p[out->len++] = STATE_FORMAT;
	for (i = 0; i < row->count && ok; i++)
		ok = put_cell(out, &row->cells[i]);
	return ok ? 0 : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

/* --- reading */

static bool get_number(struct ztp_str *in, int64_t *number)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < in->n && i < NUMBER_MAX; i++) {
		uint8_t byte = (uint8_t)in->p[i];

		if (i == NUMBER_MAX - 1 && byte > 1)
			return false;
		sum |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte & 0x80)
			continue;
		*number = (int64_t)(sum >> 1 ^ (0 - (sum & 1)));
		in->p += i + 1;
		in->n -= i + 1;
		return true;
	}
	return false;
}

static bool get_cell(struct ztp_str *in, struct state_cell *cell)
{
	int64_t n;

	*cell = (struct state_cell){0};
	if (in->n == 0 || (uint8_t)*in->p > STATE_BYTES)
		return false;
	cell->type = (enum state_type) * in->p;
	in->p++;
	in->n--;
	if (cell->type == STATE_NULL)
		return true;
	if (cell->type == STATE_NUMBER)
		return get_number(in, &cell->number);
	if (!get_number(in, &n) || n < 0 || (uint64_t)n > in->n)
		return false;
	cell->bytes = (struct ztp_str){in->p, (size_t)n};
	in->p += n;
	in->n -= (size_t)n;
	return true;
}

static int get_cells(struct state_row *row, struct ztp_str in,
		     struct ztp_error *error)
{
	int count = kinds[row->kind].count;

	for (row->count = 0; row->count < count; row->count++)
		if (!get_cell(&in, &row->cells[row->count]))
			return ztp_fail(error, ZTP_ERR_VALUE,
					"a row \"%s\" ends within column %d",
					keys[row->kind], row->count + 1);
	if (in.n > 0)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"a row \"%s\" is too long", keys[row->kind]);
	return check(row, error);
}

/* A format is a small number, and no letter that a person has typed. */
static bool is_newer(bool known, int format)
{
	if (format <= STATE_FORMAT || (format >= ' ' && format <= '~'))
		return false;
	return known || format < ' ';
}

int state_row_decode(struct state_row *row, struct ztp_str key,
		     struct ztp_str value, struct ztp_error *error)
{
	bool known = key.p && parse_key(row, key);
	int format = value.p && value.n > 0 ? (uint8_t)*value.p : 0;

	row->count = 0;
	row->removed = !value.p;
	if (!known && !is_newer(known, format))
		return ztp_fail(error, ZTP_ERR_VALUE, "no row has such a key");
	if (!value.p)
		return 0;
	if (is_newer(known, format))
		return ztp_fail(error, ZTP_ERR_STATE_NEWER,
				"a row \"%s\" has format %d, which is newer "
				"than this release reads",
				known ? keys[row->kind] : "?", format);
	if (format != STATE_FORMAT)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"a row \"%s\" has no format", keys[row->kind]);
	value.p++;
	value.n--;
	return get_cells(row, value, error);
}
