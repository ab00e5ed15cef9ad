#include "policy/cloudevent.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The members of a structured event that we read. The first three must be
 * strings that are not empty. */
enum member { ID, SOURCE, TYPE, SPECVERSION, DATA, DATA_BASE64, MEMBERS };
#define REQUIRED SPECVERSION

static const char structured_type[] = ZTP_MEDIA_EVENT;

void ztp_body_close(struct ztp_body *body)
{
	if (!body)
		return;
	ztp_object_clear(&body->object);
	free(body->decoded);
	body->decoded = NULL;
}

/* Compares the media type only; parameters such as charset may follow. */
static bool is_structured(struct ztp_str type)
{
	const size_t n = sizeof(structured_type) - 1;

	type = ztp_str_trim(type);
	if (type.n < n || strncasecmp(type.p, structured_type, n) != 0)
		return false;
	return type.n == n || type.p[n] == ';' || type.p[n] == ' ' ||
	       type.p[n] == '\t';
}

/* CloudEvents Kafka binding 3.2: ce_specversion makes a record an event. */
static int check_binary(const struct ztp_header *headers, size_t count,
			struct ztp_error *error)
{
	static const char *const required[] = {ZTP_CE_HEADER(ZTP_CE_ID),
					       ZTP_CE_HEADER(ZTP_CE_SOURCE),
					       ZTP_CE_HEADER(ZTP_CE_TYPE)};
	struct ztp_str version = ztp_header_get(
		headers, count, ZTP_CE_HEADER(ZTP_CE_SPECVERSION));

	if (!version.p)
		return 0;
	if (!ztp_str_is(version, ZTP_CE_VERSION))
		return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
				"ce_specversion is not 1.0");
	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++)
		if (!ztp_header_get(headers, count, required[i]).n)
			return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
					"the CloudEvent has no %s",
					required[i]);
	return 0;
}

static int check_structured(struct ztp_object *event, struct ztp_error *error)
{
	struct ztp_str version = {NULL, 0};
	int rc = 0;

	if (!event->is_object)
		return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
				"a structured CloudEvent must be an object");
	if (event->fields[SPECVERSION].kind == '"')
		rc = ztp_object_string(&version, event, SPECVERSION, event->len,
				       error);
	if (rc)
		return rc;
	if (!ztp_str_is(version, ZTP_CE_VERSION))
		return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
				"specversion is not \"1.0\"");
	for (size_t i = 0; i < REQUIRED; i++)
		if (event->fields[i].kind != '"' ||
		    event->fields[i].string.n == 0)
			return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
					"the CloudEvent has no %s",
					event->fields[i].name);
	return 0;
}

/* data_base64 decodes to JSON, which goes through the strict reader too. */
static int open_base64(struct ztp_body *body, struct ztp_field *fields,
		       size_t count, struct ztp_str base64, size_t max,
		       struct ztp_error *error)
{
	struct ztp_str text;
	long n;

	body->decoded = malloc(base64.n + 1);
	if (!body->decoded)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	n = ztp_base64_decode(body->decoded, base64.n + 1, base64.p, base64.n);
	if (n < 0)
		return ztp_fail(error, ZTP_ERR_BASE64,
				"data_base64 is not base64");
	text = (struct ztp_str){body->decoded, (size_t)n};
	(void)ztp_str_take(&text, "\xef\xbb\xbf"); /* as in a decision itself */
	return ztp_object_read(&body->object, fields, count, text, max, error);
}

static int open_data(struct ztp_body *body, struct ztp_field *fields,
		     size_t count, struct ztp_object *event, size_t max,
		     struct ztp_error *error)
{
	const struct ztp_field *data = &event->fields[DATA];
	struct ztp_str base64;
	int rc = check_structured(event, error);

	if (!rc)
		rc = ztp_object_string(&base64, event, DATA_BASE64, max, error);
	if (rc)
		return rc;
	if (ztp_field_filled(data) && base64.n > 0)
		return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
				"both data and data_base64 are given");
	if (base64.n > 0)
		return open_base64(body, fields, count, base64, max, error);
	if (!ztp_field_given(data))
		return ztp_fail(error, ZTP_ERR_EMPTY,
				"the CloudEvent has no data");
	return ztp_object_read(&body->object, fields, count, data->raw, max,
			       error);
}

static int open_structured(struct ztp_body *body, struct ztp_field *fields,
			   size_t count, struct ztp_str value, size_t max,
			   struct ztp_error *error)
{
	struct ztp_field members[MEMBERS] = {
		[ID] = {.name = ZTP_CE_ID},
		[SOURCE] = {.name = ZTP_CE_SOURCE},
		[TYPE] = {.name = ZTP_CE_TYPE},
		[SPECVERSION] = {.name = ZTP_CE_SPECVERSION},
		[DATA] = {.name = ZTP_CE_DATA},
		[DATA_BASE64] = {.name = ZTP_CE_DATA_BASE64},
	};
	struct ztp_object event;
	int rc = ztp_object_read(&event, members, MEMBERS, value, max, error);

	if (rc)
		return rc;
	rc = open_data(body, fields, count, &event, max, error);
	ztp_object_clear(&event);
	return rc;
}

static bool any_given(const struct ztp_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ztp_field_filled(&fields[i]))
			return true;
	return false;
}

/* Does the object, which has been checked, have the members of an event? */
static int looks_structured(bool *does, struct ztp_str value, size_t max,
			    struct ztp_error *error)
{
	struct ztp_field members[] = {
		{.name = ZTP_CE_SPECVERSION},
		{.name = ZTP_CE_DATA},
		{.name = ZTP_CE_DATA_BASE64},
	};
	struct ztp_object event;
	int rc = ztp_object_read(&event, members, 3, value, max, error);

	if (rc)
		return rc;
	*does = any_given(members, 1) && any_given(members + 1, 2);
	ztp_object_clear(&event);
	return 0;
}

static int open_plain(struct ztp_body *body, struct ztp_field *fields,
		      size_t count, size_t marks, struct ztp_str value,
		      size_t max, struct ztp_error *error)
{
	bool wrapped = false;
	int rc = ztp_object_read(&body->object, fields, count, value, max,
				 error);

	if (!rc && body->object.is_object && !any_given(fields, marks))
		rc = looks_structured(&wrapped, value, max, error);
	if (rc || !wrapped)
		return rc;
	ztp_body_close(body);
	return open_structured(body, fields, count, value, max, error);
}

int ztp_body_open(struct ztp_body *body, struct ztp_field *fields, size_t count,
		  size_t marks, struct ztp_str value, size_t max,
		  const struct ztp_header *headers, size_t header_count,
		  struct ztp_error *error)
{
	int rc;

	memset(body, 0, sizeof(*body));
	if (is_structured(ztp_header_get(headers, header_count,
					 ZTP_HEADER_CONTENT_TYPE))) {
		rc = open_structured(body, fields, count, value, max, error);
	} else {
		rc = open_plain(body, fields, count, marks, value, max, error);
		if (!rc)
			rc = check_binary(headers, header_count, error);
	}
	if (!rc && !body->object.is_object)
		rc = ztp_fail(error, ZTP_ERR_TYPE, "not a JSON object");
	if (rc)
		ztp_body_close(body);
	return rc;
}
