#include "policy/json_object.h"

#include <stdlib.h>

#define EXACT_MAX 9007199254740991.0 /* 2^53 - 1 */
#define TIME_MAX  64

int ztp_object_read(struct ztp_object *object, struct ztp_field *fields,
		    size_t count, struct ztp_str text, size_t max,
		    struct ztp_error *error)
{
	bool ignored;
	int rc;

	memset(object, 0, sizeof(*object));
	for (size_t i = 0; i < count; i++)
		fields[i].kind = 0;
	rc = ztp_scan_check(fields, count, &ignored, text.p, text.n, max,
			    error);
	if (rc)
		return rc;
	object->fields = fields;
	object->len = text.n;
	/* what has passed is not white space alone */
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

/* Once for each string; all of them together are shorter than the text. */
static int unescape(struct ztp_object *object, struct ztp_field *field,
		    struct ztp_error *error)
{
	char *to;

	if (!object->unescaped)
		object->unescaped = malloc(object->len);
	if (!object->unescaped)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	to = object->unescaped + object->used;
	field->string.n = ztp_scan_unescape(to, field->string);
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

/* What cJSON makes of a number; one that is too long for it is infinite. */
static double number(struct ztp_str raw)
{
	char text[ZTP_SCAN_NUMBER_MAX + 1];

	if (raw.n == 1) /* as nearly all; there is no other than a digit */
		return raw.p[0] - '0';
	if (raw.n > ZTP_SCAN_NUMBER_MAX)
		return EXACT_MAX * 2;
	memcpy(text, raw.p, raw.n);
	text[raw.n] = '\0';
	return strtod(text, NULL);
}

int ztp_object_int(int64_t *value, const struct ztp_object *object,
		   size_t index, int64_t min, int64_t max,
		   struct ztp_error *error)
{
	const struct ztp_field *field = &object->fields[index];
	double given;

	if (!ztp_field_given(field))
		return 0;
	given = field->kind == '0' ? number(field->raw) : EXACT_MAX * 2;
	if (!(given >= -EXACT_MAX && given <= EXACT_MAX) ||
	    given != (double)(int64_t)given)
		return ztp_fail(error, ZTP_ERR_TYPE, "%s is not an integer",
				field->name);
	if ((int64_t)given < min || (int64_t)given > max)
		return ztp_fail(error, ZTP_ERR_VALUE, "%s is out of range",
				field->name);
	*value = (int64_t)given;
	return 0;
}

int ztp_object_time(int64_t *ms, struct ztp_object *object, size_t index,
		    struct ztp_error *error)
{
	struct ztp_str text;
	int rc = ztp_object_string(&text, object, index, TIME_MAX, error);

	if (rc || !text.p)
		return rc;
	if (!ztp_time_parse(ms, text.p, text.n))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s is not an RFC 3339 time",
				object->fields[index].name);
	return 0;
}
