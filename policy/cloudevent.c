#include "policy/cloudevent.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char structured_type[] = "application/cloudevents+json";

void ztp_body_close(struct ztp_body *body)
{
	if (!body)
		return;
	cJSON_Delete(body->tree);
	free(body->decoded);
	memset(body, 0, sizeof(*body));
}

/* The media type alone counts; parameters (charset) may follow. */
static bool is_structured(struct ztp_str type)
{
	const size_t n = sizeof(structured_type) - 1;

	while (type.n && (type.p[0] == ' ' || type.p[0] == '\t')) {
		type.p++;
		type.n--;
	}
	if (type.n < n || strncasecmp(type.p, structured_type, n) != 0)
		return false;
	return type.n == n || type.p[n] == ';' || type.p[n] == ' ' ||
	       type.p[n] == '\t';
}

/* CloudEvents Kafka binding 3.2: ce_specversion makes it an event. */
static int check_binary(const struct ztp_header *headers, size_t count,
			struct ztp_error *error)
{
	static const char *const required[] = {"ce_id", "ce_source", "ce_type"};
	struct ztp_str version =
		ztp_header_get(headers, count, "ce_specversion");

	if (!version.p)
		return 0;
	if (version.n != 3 || memcmp(version.p, "1.0", 3) != 0)
		return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
				"ce_specversion is not 1.0");
	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++)
		if (!ztp_header_get(headers, count, required[i]).n)
			return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
					"a CloudEvent without %s", required[i]);
	return 0;
}

static int check_structured(const cJSON *event, struct ztp_error *error)
{
	static const char *const required[] = {"id", "source", "type"};
	const cJSON *item;

	if (!cJSON_IsObject(event))
		return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
				"a structured CloudEvent is an object");
	item = cJSON_GetObjectItemCaseSensitive(event, "specversion");
	if (!cJSON_IsString(item) || strcmp(item->valuestring, "1.0") != 0)
		return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
				"specversion is not \"1.0\"");
	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++) {
		item = cJSON_GetObjectItemCaseSensitive(event, required[i]);
		if (!cJSON_IsString(item) || !item->valuestring[0])
			return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
					"a CloudEvent without %s", required[i]);
	}
	return 0;
}

/* data_base64: JSON once more, so it goes through the strict reader. */
static int open_base64(struct ztp_body *body, const char *base64, size_t max,
		       struct ztp_error *error)
{
	size_t len = strlen(base64);
	cJSON *tree;
	long n;
	int rc;

	body->decoded = malloc(len + 1);
	if (!body->decoded)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	n = ztp_base64_decode(body->decoded, len + 1, base64, len);
	if (n < 0)
		return ztp_fail(error, ZTP_ERR_BASE64,
				"data_base64 is not base64");
	body->text = (struct ztp_str){body->decoded, (size_t)n};
	rc = ztp_json_parse(&tree, body->decoded, (size_t)n, max, error);
	if (rc)
		return rc;
	cJSON_Delete(body->tree); /* base64 lay in it */
	body->tree = tree;
	body->object = tree;
	return 0;
}

static int open_structured(struct ztp_body *body, size_t max,
			   struct ztp_error *error)
{
	struct ztp_str event = body->text;
	const cJSON *data;
	const char *base64;
	int rc = check_structured(body->tree, error);

	if (!rc)
		rc = ztp_json_string(&base64, body->tree, "data_base64", max,
				     error);
	if (rc)
		return rc;
	data = cJSON_GetObjectItemCaseSensitive(body->tree, "data");
	if (cJSON_IsNull(data))
		data = NULL;
	if (data && base64)
		return ztp_fail(error, ZTP_ERR_CLOUDEVENT,
				"both data and data_base64");
	if (base64)
		return open_base64(body, base64, max, error);
	if (!data)
		return ztp_fail(error, ZTP_ERR_EMPTY,
				"a CloudEvent without data");
	if (!ztp_json_member(&body->text, event.p, event.n, "data"))
		return ztp_fail(error, ZTP_ERR_INTERNAL, "data got lost");
	body->object = data;
	return 0;
}

int ztp_body_open(struct ztp_body *body, struct ztp_str value, size_t max,
		  const struct ztp_header *headers, size_t header_count,
		  struct ztp_error *error)
{
	bool structured = is_structured(
		ztp_header_get(headers, header_count, "content-type"));
	int rc;

	memset(body, 0, sizeof(*body));
	rc = ztp_json_parse(&body->tree, value.p, value.n, max, error);
	if (rc)
		goto out;
	body->text = value;
	body->object = body->tree;
	rc = structured ? open_structured(body, max, error)
			: check_binary(headers, header_count, error);
	if (!rc && !cJSON_IsObject(body->object))
		rc = ztp_fail(error, ZTP_ERR_TYPE, "not a JSON object");
out:
	if (rc)
		ztp_body_close(body);
	return rc;
}
