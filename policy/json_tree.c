#include "ztp/json.h"

#include <stdlib.h>
#include <string.h>

#include "policy/json_scan.h"

#define EXACT_MAX 9007199254740991.0 /* 2^53 - 1 */

/* Writes 1e999 over each number that is too long for cJSON: a number still,
 * and none that anybody could take for a small one. */
static void shorten_numbers(char *text, size_t len)
{
	static const char infinite[] = "1e999";
	const size_t n = sizeof(infinite) - 1;
	struct ztp_scan scan;
	struct ztp_scan_key ignored;
	char *first;

	ztp_scan_init(&scan, text, len);
	while (scan.p < scan.end) {
		if (*scan.p == '"') {
			(void)ztp_scan_string(&scan, &ignored);
			continue;
		}
		first = text + (scan.p - text);
		if (*scan.p != '-' && (*scan.p < '0' || *scan.p > '9')) {
			scan.p++;
			continue;
		}
		(void)ztp_scan_number(&scan);
		if (scan.p - first > ZTP_SCAN_NUMBER_MAX) {
			memset(first, ' ', (size_t)(scan.p - first));
			memcpy(first, infinite, n);
		}
	}
}

int ztp_json_parse(cJSON **tree, const char *text, size_t len, size_t max,
		   struct ztp_error *error)
{
	bool long_number;
	char *copy = NULL;
	int rc;

	*tree = NULL;
	rc = ztp_scan_check(NULL, 0, &long_number, text, len, max, error);
	if (rc)
		return rc;
	if (long_number) {
		copy = malloc(len);
		if (!copy)
			return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		memcpy(copy, text, len);
		shorten_numbers(copy, len);
	}
	*tree = cJSON_ParseWithLength(copy ? copy : text, len);
	free(copy);
	/* What passed the check is JSON, so only memory can be missing. */
	if (!*tree)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return 0;
}

/* --- looking into checked text and trees */

/* Behind a value of checked text. */
static void skip_value(struct ztp_scan *scan)
{
	struct ztp_scan_key ignored;
	int depth = 0;

	do {
		switch (*scan->p) {
		case '"':
			(void)ztp_scan_string(scan, &ignored);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
		scan->p++;
	} while (scan->p < scan->end &&
		 (depth > 0 || !strchr(",}] \n\r\t", *scan->p)));
}

bool ztp_json_member(struct ztp_str *value, const char *text, size_t len,
		     const char *name)
{
	const struct ztp_scan_key wanted = {name, strlen(name), false};
	struct ztp_scan scan;
	struct ztp_scan_key key;

	value->p = NULL;
	value->n = 0;
	ztp_scan_init(&scan, text, len);
	ztp_scan_space(&scan);
	if (!ztp_scan_one(&scan, '{'))
		return false;
	do {
		ztp_scan_space(&scan);
		if (scan.p == scan.end || *scan.p != '"' ||
		    ztp_scan_string(&scan, &key))
			return false;
		ztp_scan_space(&scan);
		if (!ztp_scan_one(&scan, ':'))
			return false;
		ztp_scan_space(&scan);
		value->p = scan.p;
		if (scan.p < scan.end)
			skip_value(&scan);
		value->n = (size_t)(scan.p - value->p);
		if (!ztp_scan_compare(&key, &wanted))
			return true;
		ztp_scan_space(&scan);
	} while (ztp_scan_one(&scan, ','));
	value->p = NULL;
	value->n = 0;
	return false;
}

/* NULL when the member is absent or null. */
static const cJSON *member(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(item) ? NULL : item;
}

int ztp_json_string(const char **value, const cJSON *object, const char *name,
		    size_t max, struct ztp_error *error)
{
	const cJSON *item = member(object, name);

	*value = NULL;
	if (!item)
		return 0;
	if (!cJSON_IsString(item))
		return ztp_fail(error, ZTP_ERR_TYPE, "%s is not a string",
				name);
	if (strlen(item->valuestring) > max)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"%s is longer than %zu bytes", name, max);
	*value = item->valuestring;
	return 0;
}

int ztp_json_int(int64_t *value, const cJSON *object, const char *name,
		 int64_t min, int64_t max, struct ztp_error *error)
{
	const cJSON *item = member(object, name);
	double number;

	if (!item)
		return 0;
	number = item->valuedouble;
	if (!cJSON_IsNumber(item) ||
	    !(number >= -EXACT_MAX && number <= EXACT_MAX) ||
	    number != (double)(int64_t)number)
		return ztp_fail(error, ZTP_ERR_TYPE, "%s is not an integer",
				name);
	if ((int64_t)number < min || (int64_t)number > max)
		return ztp_fail(error, ZTP_ERR_VALUE, "%s is out of range",
				name);
	*value = (int64_t)number;
	return 0;
}

int ztp_json_time(int64_t *ms, const cJSON *object, const char *name,
		  struct ztp_error *error)
{
	const char *text;
	int rc = ztp_json_string(&text, object, name, 64, error);

	if (rc || !text)
		return rc;
	if (!ztp_time_parse(ms, text, strlen(text)))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s is not an RFC 3339 time", name);
	return 0;
}
