/* The strict reader: what it lets in, cJSON reads as the same thing, and every
 * member that cJSON sees can be had as text that is JSON itself. */
#include "fuzz.h"

#include "ztp/json.h"

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
