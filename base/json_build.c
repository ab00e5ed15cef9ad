/* A node of an invalid type cannot be printed, so it is the mark of an object
 * that lacks a member. */
#include "base/json_tree.h"

static void keep(cJSON *object, bool added)
{
	if (object && !added)
		object->type = cJSON_Invalid;
}

void ztp_tree_put_text(cJSON *object, const char *name, const char *text)
{
	keep(object, cJSON_AddStringToObject(object, name, text));
}

void ztp_tree_put_number(cJSON *object, const char *name, double number)
{
	keep(object, cJSON_AddNumberToObject(object, name, number));
}

void ztp_tree_put_bool(cJSON *object, const char *name, bool yes)
{
	keep(object, cJSON_AddBoolToObject(object, name, yes));
}

void ztp_tree_put_raw(cJSON *object, const char *name, const char *json)
{
	keep(object, cJSON_AddRawToObject(object, name, json));
}

void ztp_tree_put_sha256(cJSON *object, const char *name,
			 const uint8_t digest[ZTP_SHA256_LEN])
{
	keep(object, ztp_tree_add_sha256(object, name, digest));
}

void ztp_tree_put_time(cJSON *object, const char *name, int64_t ms)
{
	keep(object, ztp_tree_add_time(object, name, ms));
}

cJSON *ztp_tree_put_list(cJSON *object, const char *name)
{
	cJSON *list = cJSON_AddArrayToObject(object, name);

	keep(object, list);
	return list;
}

cJSON *ztp_tree_put_row(cJSON *list)
{
	cJSON *row = cJSON_CreateObject();
	bool added = row && cJSON_AddItemToArray(list, row);

	keep(list, added);
	if (added)
		return row;
	cJSON_Delete(row);
	return NULL;
}
