/*
 * We use cJSON's trees but not its parser, which tolerates too much to be given
 * input: it accepts a key twice and returns the first (another parser would
 * return the last), ends strings at \u0000, passes on invalid UTF-8, and
 * ignores what follows the value. Some releases cannot read a number of 64
 * characters. So the strict reader reads the text, and the nodes are created
 * here.
 */
#include "base/json_tree.h"

#include <stdlib.h>
#include <string.h>

static int add_child(void *arg, const struct ztp_json_item *item);

static int out_of_memory(struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

/* A string's characters, terminated; NULL when out of memory. */
static char *characters(struct ztp_json_string string)
{
	char *text = malloc(string.n + 1);

	if (text)
		text[ztp_json_unescape(text, string)] = '\0';
	return text;
}

static cJSON *create_string(struct ztp_json_string string)
{
	char *text = characters(string);
	cJSON *node = text ? cJSON_CreateString(text) : NULL;

	free(text);
	return node;
}

/* Creates a node without its children. */
static cJSON *create(const struct ztp_json_item *item)
{
	switch (item->kind) {
	case '{':
		return cJSON_CreateObject();
	case '[':
		return cJSON_CreateArray();
	case '"':
		return create_string(item->string);
	case '0':
		return cJSON_CreateNumber(ztp_json_number(item->raw));
	case 'n':
		return cJSON_CreateNull();
	default:
		return cJSON_CreateBool(item->kind == 't');
	}
}

static bool attach(cJSON *parent, const struct ztp_json_item *item, cJSON *node)
{
	char *name;
	bool ok;

	if (!item->name.p)
		return cJSON_AddItemToArray(parent, node);
	name = characters(item->name);
	ok = name && cJSON_AddItemToObject(parent, name, node);
	free(name);
	return ok;
}

/* The node being built, and where errors go. */
struct branch {
	cJSON *node;
	struct ztp_error *error;
};

/* Reads a nested value again from its own text. ZTP_JSON_DEPTH limits how
 * often, and the recursion. */
static int build(cJSON **node, const struct ztp_json_item *item,
		 struct ztp_error *error)
{
	struct branch branch = {create(item), error};
	int rc = 0;

	*node = branch.node;
	if (!branch.node)
		return out_of_memory(error);
	if (item->kind == '{' || item->kind == '[')
		rc = ztp_json_each(item->raw, item->raw.n, add_child, &branch,
				   error);
	if (rc) {
		cJSON_Delete(branch.node);
		*node = NULL;
	}
	return rc;
}

static int add_child(void *arg, const struct ztp_json_item *item)
{
	const struct branch *branch = arg;
	cJSON *node;
	int rc = build(&node, item, branch->error);

	if (!rc && !attach(branch->node, item, node)) {
		cJSON_Delete(node);
		rc = out_of_memory(branch->error);
	}
	return rc;
}

int ztp_tree_parse(cJSON **tree, const char *text, size_t len, size_t max,
		   struct ztp_error *error)
{
	struct ztp_json_item value;
	int rc;

	*tree = NULL;
	rc = ztp_json_value(&value, (struct ztp_str){text, len}, max, error);
	return rc ? rc : build(tree, &value, error);
}

/* --- reading */

const char *ztp_tree_text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

/* NULL when the member is absent or null. */
static const cJSON *given(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(item) ? NULL : item;
}

int ztp_tree_string(const char **value, const cJSON *object, const char *name,
		    size_t max, struct ztp_error *error)
{
	const cJSON *item = given(object, name);

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

int ztp_tree_int(int64_t *value, const cJSON *object, const char *name,
		 int64_t min, int64_t max, struct ztp_error *error)
{
	const cJSON *item = given(object, name);
	int64_t number;

	if (!item)
		return 0;
	if (!cJSON_IsNumber(item) ||
	    !ztp_json_integer(&number, item->valuedouble))
		return ztp_fail(error, ZTP_ERR_TYPE, "%s is not an integer",
				name);
	if (number < min || number > max)
		return ztp_fail(error, ZTP_ERR_VALUE, "%s is out of range",
				name);
	*value = number;
	return 0;
}

/* --- adding */

bool ztp_tree_add_sha256(cJSON *object, const char *name,
			 const uint8_t digest[ZTP_SHA256_LEN])
{
	char hex[ZTP_SHA256_HEX];

	ztp_hex_encode(hex, digest, ZTP_SHA256_LEN);
	return cJSON_AddStringToObject(object, name, hex);
}

bool ztp_tree_add_time(cJSON *object, const char *name, int64_t ms)
{
	char text[ZTP_TIME_LEN];

	ztp_time_format(text, ms);
	return cJSON_AddStringToObject(object, name, text);
}

bool ztp_tree_add_base64(cJSON *object, const char *name, const void *bytes,
			 size_t n)
{
	char *text = malloc(4 * ((n + 2) / 3) + 1);
	bool ok = false;

	if (text) {
		ztp_base64_encode(text, bytes, n);
		ok = cJSON_AddStringToObject(object, name, text);
	}
	free(text);
	return ok;
}
