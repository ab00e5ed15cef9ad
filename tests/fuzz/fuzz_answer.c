/* A response of the gate's, which the bridge reads: its texts end within their
 * bounds, and it says one thing of a device, or nothing. */
#include "fuzz.h"

#include "base/json_tree.h"
#include "bridge/registrar/control.h"

#define TERMINATED(text) (memchr(text, '\0', sizeof(text)) != NULL)

static void look_at(const cJSON *response)
{
	static const struct store_request r = {
		.id = "r-1",
		.path = "subscriptions/a/registries/b/devices/c",
	};
	struct control_answer answer;
	int says;

	control_read(&answer, response);
	MUST(TERMINATED(answer.code) && TERMINATED(answer.message));
	MUST(TERMINATED(answer.state) && TERMINATED(answer.request_id));
	says = control_is_device(&answer, &r) + control_is_gone(&answer, &r) +
	       control_is_held(&answer, &r);
	MUST(says <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const cJSON *response;
	cJSON *tree = NULL;

	if (ztp_tree_parse(&tree, (const char *)data, size, 1 << 20, NULL) != 0)
		return 0;
	look_at(tree);
	cJSON_ArrayForEach (response,
			    cJSON_GetObjectItemCaseSensitive(tree, "responses"))
		look_at(response);
	cJSON_Delete(tree);
	return 0;
}
