#include "tools/serve/reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "ztp/code.h"
#include "ztp/event.h"
#include "ztp/member.h"

#define UNIMPLEMENTED "UNIMPLEMENTED"

/* The names of google.rpc.Code for what HTTP says. */
static const char *status_name(unsigned status)
{
	static const struct {
		unsigned status;
		const char *name;
	} table[] = {
		{401, "UNAUTHENTICATED"},
		{403, ZTP_CODE_PERMISSION_DENIED},
		{404, ZTP_CODE_NOT_FOUND},
		{405, UNIMPLEMENTED},
		{409, ZTP_CODE_FAILED_PRECONDITION},
		{429, ZTP_CODE_RESOURCE_EXHAUSTED},
		{501, UNIMPLEMENTED},
		{503, ZTP_CODE_UNAVAILABLE},
		{504, ZTP_CODE_DEADLINE_EXCEEDED},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].status == status)
			return table[i].name;
	return status < 500 ? ZTP_CODE_INVALID_ARGUMENT : ZTP_CODE_INTERNAL;
}

struct reply reply_tree(unsigned status, cJSON *tree)
{
	struct reply reply = {.status = status, .type = ZTP_MEDIA_JSON};

	if (tree)
		reply.text = cJSON_PrintUnformatted(tree);
	cJSON_Delete(tree);
	return reply;
}

struct reply reply_named(unsigned status, const char *name, const char *message)
{
	cJSON *tree = cJSON_CreateObject();
	cJSON *error = tree ? cJSON_AddObjectToObject(tree, ZTP_M_ERROR) : NULL;
	struct reply reply;

	if (!error) {
		cJSON_Delete(tree);
		return reply_tree(status, NULL);
	}
	ztp_tree_put_number(error, ZTP_M_CODE, status);
	ztp_tree_put_text(error, ZTP_M_MESSAGE, message);
	ztp_tree_put_text(error, ZTP_M_STATUS, name);
	reply = reply_tree(status, tree);
	reply.ask_token = status == 401;
	reply.again = status == 429 || status == 503;
	return reply;
}

struct reply reply_error(unsigned status, const char *message)
{
	return reply_named(status, status_name(status), message);
}

struct reply reply_json(unsigned status, const char *text)
{
	return (struct reply){
		.status = status, .type = ZTP_MEDIA_JSON, .text = strdup(text)};
}

struct reply reply_text(unsigned status, const char *text)
{
	return (struct reply){.status = status,
			      .type = ZTP_MEDIA_TEXT,
			      .text = strdup(text),
			      .again = status == 503};
}

struct reply reply_empty(unsigned status)
{
	return (struct reply){.status = status, .fixed = ""};
}

void reply_clear(struct reply *reply)
{
	free(reply->text);
	free(reply->location);
	free(reply->cookie);
	*reply = (struct reply){.status = 0};
}
