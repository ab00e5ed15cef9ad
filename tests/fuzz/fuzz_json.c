/* The strict reader: what it lets in, cJSON reads as the same thing, every
 * member of a tree can be had as a view that is JSON itself, with the same
 * value, and a string is written as cJSON prints it. */
#include "fuzz.h"

#include <math.h>

#include "base/json_tree.h"
#include "policy/json_write.h"

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

static void compare_values(struct ztp_object *object, const cJSON *tree,
			   const cJSON *member)
{
	int64_t ours = 7, theirs = 7;
	struct ztp_str value;
	const char *string;
	int rc;

	rc = ztp_tree_string(&string, tree, member->string, 9, NULL);
	MUST(ztp_object_string(&value, object, 0, 9, NULL) == rc);
	MUST(string ? ztp_str_is(value, string) : !value.p);
	rc = ztp_tree_int(&theirs, tree, member->string, -5, 500, NULL);
	MUST(ztp_object_int(&ours, object, 0, -5, 500, NULL) == rc);
	MUST(ours == theirs && ours >= -5 && ours <= 500);
	/* "" counts as absent */
	if (ztp_object_time(&ours, object, 0, NULL) == 0 &&
	    cJSON_IsString(member) && *member->valuestring)
		MUST(ztp_time_parse(&theirs, member->valuestring,
				    strlen(member->valuestring)) &&
		     ours == theirs);
}

static void look_at(const cJSON *tree, const cJSON *member, const char *text,
		    size_t size)
{
	struct ztp_field field = {.name = member->string};
	struct ztp_object object;

	MUST(ztp_object_read(&object, &field, 1, (struct ztp_str){text, size},
			     size, NULL) == 0);
	MUST(object.is_object && field.kind);
	MUST(field.raw.p >= text && field.raw.p + field.raw.n <= text + size);
	MUST(ztp_json_check(field.raw.p, field.raw.n, size, NULL) == 0);
	compare_values(&object, tree, member);
	if (cJSON_IsString(member))
		write_again(member);
	ztp_object_clear(&object);
}

/* Numbers beyond a double, or too long for us or for cJSON. */
static bool holds_infinity(const cJSON *tree)
{
	const cJSON *item;

	if (cJSON_IsNumber(tree) && isinf(tree->valuedouble))
		return true;
	cJSON_ArrayForEach (item, tree)
		if (holds_infinity(item))
			return true;
	return false;
}

static void compare_trees(const cJSON *tree, const char *text, size_t size)
{
	cJSON *theirs = cJSON_ParseWithLength(text, size);
	char *our_text = cJSON_PrintUnformatted(tree), *their_text;

	MUST(theirs && our_text);
	their_text = cJSON_PrintUnformatted(theirs);
	MUST(their_text && strcmp(our_text, their_text) == 0);
	free(their_text);
	free(our_text);
	cJSON_Delete(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct ztp_error error;
	cJSON *tree = NULL;
	const cJSON *member;
	int rc = ztp_json_check(text, size, size, &error);

	MUST(rc == 0 || (error.code == (enum ztp_err)rc && *error.message));
	MUST(ztp_tree_parse(&tree, text, size, size, NULL) == rc);
	MUST((tree != NULL) == (rc == 0));
	if (rc == 0 && !holds_infinity(tree))
		compare_trees(tree, text, size);
	if (cJSON_IsObject(tree))
		cJSON_ArrayForEach (member, tree)
			look_at(tree, member, text, size);
	cJSON_Delete(tree);
	return 0;
}
