#include "ztp/json.h"

#include <math.h>
#include <stdlib.h>

#define EXACT_MAX 9007199254740991.0 /* 2^53 - 1 */
#define TIME_MAX  64

/* Nearly all names differ in the first character, and need no call. */
static bool is_named(const struct ztp_json_string *name, const char *wanted)
{
	if (!name->escaped && name->n > 0 && *name->p != *wanted)
		return false;
	return ztp_json_is(name, wanted);
}

static int note_field(void *arg, const struct ztp_json_item *item)
{
	struct ztp_object *object = arg;

	for (size_t i = 0; i < object->count && item->name.p; i++) {
		struct ztp_field *field = &object->fields[i];

		if (!is_named(&item->name, field->name))
			continue;
		field->kind = item->kind;
		field->raw = item->raw;
		field->string = item->string;
		break;
	}
	return 0;
}

int ztp_object_read(struct ztp_object *object, struct ztp_field *fields,
		    size_t count, struct ztp_str text, size_t max,
		    struct ztp_error *error)
{
	int rc;

	memset(object, 0, sizeof(*object));
	object->fields = fields;
	object->count = count;
	object->len = text.n;
	for (size_t i = 0; i < count; i++)
		fields[i].kind = 0;
	rc = ztp_json_each(text, max, note_field, object, error);
	if (rc)
		return rc;
	/* valid JSON is never white space alone */
	object->is_object = text.p[strspn(text.p, " \n\r\t")] == '{';
	return 0;
}

void ztp_object_clear(struct ztp_object *object)
{
	if (!object)
		return;
	free(object->unescaped);
	memset(object, 0, sizeof(*object));
}

/* Happens at most once per string. One buffer of the text's size is enough for
 * all of them. */
static int unescape(struct ztp_object *object, struct ztp_field *field,
		    struct ztp_error *error)
{
	char *to;

	if (!object->unescaped)
		object->unescaped = malloc(object->len);
	if (!object->unescaped)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	to = object->unescaped + object->used;
	field->string.n = ztp_json_unescape(to, field->string);
	field->string.p = to;
	field->string.escaped = false;
	object->used += field->string.n;
	return 0;
}

int ztp_object_string(struct ztp_str *value, struct ztp_object *object,
		      size_t index, size_t max, struct ztp_error *error)
{
	struct ztp_field *field = &object->fields[index];
	int rc;

	value->p = NULL;
	value->n = 0;
	if (!ztp_field_given(field))
		return 0;
	if (field->kind != '"')
		return ztp_fail(error, ZTP_ERR_TYPE, "%s is not a string",
				field->name);
	if (field->string.escaped) {
		rc = unescape(object, field, error);
		if (rc)
			return rc;
	}
	if (field->string.n > max)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"%s is longer than %zu bytes", field->name,
				max);
	value->p = field->string.p;
	value->n = field->string.n;
	return 0;
}

int ztp_object_text(struct ztp_str *value, struct ztp_object *object,
		    size_t index, size_t max, struct ztp_error *error)
{
	int rc = ztp_object_string(value, object, index, max, error);

	if (!rc && value->n == 0)
		value->p = NULL;
	return rc;
}

int ztp_object_copy(char *out, size_t size, struct ztp_object *object,
		    size_t index, struct ztp_error *error)
{
	struct ztp_str text;
	int rc = ztp_object_string(&text, object, index, size - 1, error);

	if (rc)
		return rc;
	if (text.n)
		memcpy(out, text.p, text.n);
	out[text.n] = '\0';
	return 0;
}

double ztp_json_number(struct ztp_str raw)
{
	char text[ZTP_JSON_NUMBER_MAX + 1], *end;
	double number;

	if (raw.n == 1) /* the common case; it must be a digit */
		return raw.p[0] - '0';
	if (raw.n > ZTP_JSON_NUMBER_MAX)
		return HUGE_VAL;
	memcpy(text, raw.p, raw.n);
	text[raw.n] = '\0';
	number = strtod(text, &end);
	return *end ? HUGE_VAL : number;
}

bool ztp_json_integer(int64_t *value, double number)
{
	if (!(number >= -EXACT_MAX && number <= EXACT_MAX) ||
	    number != (double)(int64_t)number)
		return false;
	*value = (int64_t)number;
	return true;
}

int ztp_object_int(int64_t *value, const struct ztp_object *object,
		   size_t index, int64_t min, int64_t max,
		   struct ztp_error *error)
{
	const struct ztp_field *field = &object->fields[index];
	int64_t given;

	if (!ztp_field_given(field))
		return 0;
	if (field->kind != '0' ||
	    !ztp_json_integer(&given, ztp_json_number(field->raw)))
		return ztp_fail(error, ZTP_ERR_TYPE, "%s is not an integer",
				field->name);
	if (given < min || given > max)
		return ztp_fail(error, ZTP_ERR_VALUE, "%s is out of range",
				field->name);
	*value = given;
	return 0;
}

int ztp_object_time(int64_t *ms, struct ztp_object *object, size_t index,
		    struct ztp_error *error)
{
	struct ztp_str text;
	int rc = ztp_object_text(&text, object, index, TIME_MAX, error);

	if (rc || !text.p)
		return rc;
	if (!ztp_time_parse(ms, text.p, text.n))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s is not an RFC 3339 time",
				object->fields[index].name);
	return 0;
}
