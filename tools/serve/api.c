#include "tools/serve/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "tools/serve/access.h"
#include "tools/serve/decide.h"
#include "tools/serve/openapi.h"
#include "tools/serve/text.h"
#include "ztp/event.h"
#include "ztp/member.h"

#define LIST_DEFAULT 100
#define LIST_MAX     500
/* So many requests are gone through for what one request may cost: a customer
 * with few of many must not ask as often as others. */
#define LIST_LOOKS	 1000
#define SESSION_BODY_MAX (4 * 1024)

/* --- the list */

struct wanted {
	char after[ZTP_REQUEST_ID_MAX + 1];
	char registry[ZTP_REGISTRY_MAX + 1]; /* "": any */
	int64_t limit;
};

/* A parameter of the query, decoded; "" if it is not there. False: it is there
 * and empty, or broken. */
static bool read_query(char *out, size_t size, const struct call *call,
		       const char *name)
{
	const char *text = MHD_lookup_connection_value(
		call->connection, MHD_GET_ARGUMENT_KIND, name);

	*out = '\0';
	if (!text) /* or without a value: ?name */
		return MHD_lookup_connection_value_n(
			       call->connection, MHD_GET_ARGUMENT_KIND, name,
			       strlen(name), NULL, NULL) == MHD_NO;
	return *text && text_decode(out, size, text, strlen(text));
}

static const char *const parameters[] = {ZTP_M_LIMIT, ZTP_M_AFTER,
					 ZTP_M_REGISTRY};

#define PARAMETERS (sizeof(parameters) / sizeof(*parameters))

struct query {
	bool given[PARAMETERS], unknown, twice;
};

static enum MHD_Result note_parameter(void *arg, enum MHD_ValueKind kind,
				      const char *name, const char *value)
{
	struct query *query = arg;
	size_t i = 0;

	(void)kind;
	(void)value;
	while (i < PARAMETERS && strcmp(parameters[i], name) != 0)
		i++;
	if (i == PARAMETERS) {
		query->unknown = true;
	} else {
		query->twice = query->twice || query->given[i];
		query->given[i] = true;
	}
	return MHD_YES;
}

/* A registry that is misspelt would list all of them, to be decided by a program
 * that means one. */
static const char *check_query(const struct call *call)
{
	struct query query = {.unknown = false};

	(void)MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND,
					note_parameter, &query);
	if (query.unknown)
		return "the parameters are limit, after and registry";
	return query.twice ? "a parameter is given more than once" : NULL;
}

static const char *read_wanted(struct wanted *wanted, const struct call *call)
{
	const char *wrong = check_query(call);
	char limit[32];

	if (wrong)
		return wrong;
	wanted->limit = LIST_DEFAULT;
	if (!read_query(limit, sizeof(limit), call, ZTP_M_LIMIT) ||
	    (*limit && !ztp_number_parse(&wanted->limit, limit, 1, LIST_MAX)))
		return "limit is not a number from 1 to 500";
	if (!read_query(wanted->after, sizeof(wanted->after), call,
			ZTP_M_AFTER) ||
	    (*wanted->after &&
	     !ztp_request_id_valid(wanted->after, strlen(wanted->after))))
		return "after is not a request id";
	if (!read_query(wanted->registry, sizeof(wanted->registry), call,
			ZTP_M_REGISTRY) ||
	    (*wanted->registry && !ztp_registry_name_valid(wanted->registry)))
		return "registry is not SUBSCRIPTION/REGISTRY";
	return NULL;
}

static bool in_registry(const char *path, const char *registry)
{
	struct ztp_path parts;
	const char *slash = strchr(registry, '/');

	return ztp_path_parse(&parts, path, strlen(path), NULL) == 0 &&
	       parts.subscription.n == (size_t)(slash - registry) &&
	       memcmp(parts.subscription.p, registry, parts.subscription.n) ==
		       0 &&
	       ztp_str_is(parts.registry, slash + 1);
}

static bool is_wanted(const struct call *call, const struct wanted *wanted,
		      const struct request *request)
{
	return request_is_open(request, ztp_clock_wall()) &&
	       (!*wanted->registry ||
		in_registry(request->path, wanted->registry)) &&
	       access_to(call, request->path);
}

static bool may_see_registry(const struct call *call, const char *registry)
{
	const char *slash = strchr(registry, '/');

	return !call->token || !slash ||
	       token_may(call->token,
			 (struct ztp_str){registry, (size_t)(slash - registry)},
			 ztp_str_of(slash + 1));
}

static struct reply list(const struct call *call, const struct wanted *wanted)
{
	const struct book *book = world_book(call->server->world);
	size_t at = *wanted->after ? book_after(book, wanted->after) : 0;
	const struct request *last = NULL;
	cJSON *tree = cJSON_CreateObject();
	cJSON *rows = ztp_tree_put_list(tree, "requests"), *item;
	int64_t count = 1;
	size_t from = at;

	for (; at < book->open_count; at++) {
		if (!is_wanted(call, wanted, book->open[at]))
			continue;
		if (last && count++ == wanted->limit) {
			ztp_tree_put_text(tree, ZTP_M_NEXT, last->id);
			break;
		}
		last = book->open[at];
		item = cJSON_CreateRaw(last->record); /* checked JSON */
		if (!cJSON_AddItemToArray(rows, item)) {
			cJSON_Delete(item);
			cJSON_Delete(tree);
			return reply_tree(MHD_HTTP_OK, NULL);
		}
	}
	access_charge(call, (int)((at - from) / LIST_LOOKS));
	return reply_tree(MHD_HTTP_OK, tree);
}

static struct reply requests(const struct call *call)
{
	struct wanted wanted;
	const char *wrong = read_wanted(&wanted, call);

	if (wrong)
		return reply_error(400, wrong);
	if (!may_see_registry(call, wanted.registry))
		return reply_error(403, "this token is not for that registry");
	return list(call, &wanted);
}

/* --- one */

static const char *state_of(const struct request *request)
{
	return request->ended ? "ended" : request->decided ? "decided" : "open";
}

static struct reply one(const struct call *call)
{
	const struct request *request =
		book_find(world_book(call->server->world), call->target.id);
	cJSON *tree;

	if (!request || !access_to(call, request->path))
		return reply_error(404, "no such request");
	tree = cJSON_CreateObject();
	if (!tree)
		return reply_tree(MHD_HTTP_OK, NULL);
	ztp_tree_put_text(tree, ZTP_M_REQUEST_ID, request->id);
	ztp_tree_put_text(tree, ZTP_M_DEVICE_PATH, request->path);
	ztp_tree_put_text(tree, ZTP_M_STATE, state_of(request));
	if (request->record)
		ztp_tree_put_raw(tree, "request", request->record);
	if (request->result)
		ztp_tree_put_raw(tree, "result", request->result);
	return reply_tree(MHD_HTTP_OK, tree);
}

/* --- the rest */

static struct reply page(const struct call *call)
{
	const struct serve_settings *settings = call->server->settings;

	return (struct reply){.status = MHD_HTTP_OK,
			      .type = "text/html; charset=utf-8",
			      .fixed = settings->page,
			      .len = strlen(settings->page),
			      .policy = settings->page_policy};
}

static struct reply openapi(void)
{
	return (struct reply){.status = MHD_HTTP_OK,
			      .type = ZTP_MEDIA_JSON,
			      .fixed = openapi_text(),
			      .len = openapi_length()};
}

static struct reply ready(const struct call *call)
{
	const struct world *world = call->server->world;
	char text[512];

	if (call->server->stopping)
		return reply_text(503, "the server is shutting down\n");
	if (world_ready(world) && !world_is_away(world))
		return reply_text(200, "ok\n");
	if (world_ready(world))
		return reply_text(503, "kafka: no answer; the log says why\n");
	snprintf(text, sizeof(text),
		 "kafka: %s is not read to its end yet; the log says why\n",
		 world_unread(world));
	return reply_text(503, text);
}

/* What needs no token. True: that was it. */
static bool answer_open(struct call *call)
{
	switch (call->target.place) {
	case PLACE_PAGE:
		call->reply = page(call);
		return true;
	case PLACE_OPENAPI:
		call->reply = openapi();
		return true;
	case PLACE_HEALTH:
		call->reply = reply_text(200, "ok\n");
		return true;
	case PLACE_READY:
		call->reply = ready(call);
		return true;
	case PLACE_SESSION:
		call->reply = access_session(call);
		return true;
	default:
		return false;
	}
}

size_t api_body_max(const struct call *call)
{
	return call->target.place == PLACE_SESSION ? SESSION_BODY_MAX
						   : BODY_MAX;
}

/* Is there anything, and for this method? */
static bool is_place(struct call *call)
{
	const struct target *target = &call->target;

	if (target->place == PLACE_NONE) {
		call->reply = reply_error(404, "not found");
	} else if (!target_takes(target->place, call->method)) {
		call->reply = reply_error(405, "method not allowed");
		call->reply.allow = target_allows(target->place);
	} else {
		return true;
	}
	return false;
}

/* Whoever asks a server that is to end asks another one. */
static bool refuses_all(struct call *call)
{
	const enum place place = call->target.place;

	if (!call->server->stopping || place == PLACE_HEALTH ||
	    place == PLACE_READY)
		return false;
	call->reply = reply_error(503, "the server is shutting down");
	return true;
}

void api_look(struct call *call)
{
	if (is_place(call) && !refuses_all(call) &&
	    call->target.place != PLACE_SESSION)
		(void)access_look(call);
}

void api_answer(struct call *call)
{
	const struct target *target = &call->target;

	if (!is_place(call) || refuses_all(call) || answer_open(call) ||
	    !access_check(call))
		return;
	if (!world_ready(call->server->world)) {
		call->reply = reply_error(503, "Kafka is still being read");
	} else if (target->place == PLACE_REQUESTS) {
		call->reply = requests(call);
	} else if (target->place == PLACE_REQUEST) {
		call->reply = one(call);
	} else if (target->place == PLACE_DECISION) {
		decide_native(call);
	} else {
		decide_omnicore(call);
	}
}
