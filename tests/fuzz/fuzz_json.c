/* The strict reader: what it lets in, cJSON reads as the same thing, every
 * member that cJSON sees can be had as text that is JSON itself and by way of
 * views, and a string is written as cJSON prints it. */
#include "fuzz.h"

#include "policy/json_object.h"
#include "policy/json_write.h"
#include "ztp/json.h"

/* *item's own text, written by us, is the one that cJSON prints. */
static void write_again(const cJSON *item)
{
	char *theirs = cJSON_PrintUnformatted(item), *ours;
	struct ztp_writer writer;

	MUST(theirs);
	ztp_json_start(&writer, 16);
	ztp_json_add_string(&writer, NULL, item->valuestring);
	MUST(ztp_json_finish(&ours, NULL, &writer, NULL) == 0);
	MUST(strcmp(ours, theirs) == 0);
	free(ours);
	free(theirs);
}

/* The member by its view is the one of the tree. */
static void look_by_view(const cJSON *tree, const cJSON *member,
			 const char *text, size_t size)
{
	struct ztp_field field = {.name = member->string};
	int64_t ours = 7, theirs = 7;
	struct ztp_object object;
	struct ztp_str value;
	const char *string;
	int rc;

	MUST(ztp_object_read(&object, &field, 1, (struct ztp_str){text, size},
			     size, NULL) == 0);
	MUST(object.is_object && field.kind);
	rc = ztp_json_string(&string, tree, field.name, 9, NULL);
	MUST(ztp_object_string(&value, &object, 0, 9, NULL) == rc);
	MUST(string ? ztp_str_is(value, string) : !value.p);
	rc = ztp_json_int(&theirs, tree, field.name, -5, 500, NULL);
	MUST(ztp_object_int(&ours, &object, 0, -5, 500, NULL) == rc);
	MUST(ours == theirs);
	rc = ztp_json_time(&theirs, tree, field.name, NULL);
	MUST(ztp_object_time(&ours, &object, 0, NULL) == rc);
	MUST(ours == theirs);
	if (cJSON_IsString(member))
		write_again(member);
	ztp_object_clear(&object);
}

static void look_at(const cJSON *tree, const cJSON *member, const char *text,
		    size_t size)
{
	const char *name = member->string, *string;
	struct ztp_str value;
	int64_t number = 0;

	MUST(ztp_json_member(&value, text, size, name));
	MUST(value.p >= text && value.p + value.n <= text + size);
	MUST(ztp_json_check(value.p, value.n, size, NULL) == 0);
	if (ztp_json_string(&string, tree, name, size, NULL) == 0 && string)
		MUST(strlen(string) <= size);
	if (ztp_json_int(&number, tree, name, -5, 5, NULL) == 0)
		MUST(number >= -5 && number <= 5);
	(void)ztp_json_time(&number, tree, name, NULL);
	look_by_view(tree, member, text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct ztp_error error;
	cJSON *tree = NULL;
	const cJSON *member;
	int rc = ztp_json_check(text, size, size, &error);

	MUST(rc == 0 || (error.code == (enum ztp_err)rc && *error.message));
	MUST(ztp_json_parse(&tree, text, size, size, NULL) == rc);
	MUST((tree != NULL) == (rc == 0));
	if (cJSON_IsObject(tree))
		cJSON_ArrayForEach (member, tree)
			look_at(tree, member, text, size);
	cJSON_Delete(tree);
	return 0;
}
