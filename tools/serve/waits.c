#include "tools/serve/waits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ztp/json.h"
#include "ztp/member.h"

/* --- answers */

/* OmniCore's errors; what went well is the result itself. */
static struct reply as_omnicore(const struct decided *decided)
{
	struct ztp_field fields[] = {{.name = ZTP_M_STATUS},
				     {.name = ZTP_M_MESSAGE}};
	struct ztp_str text = ztp_str_of(decided->result);
	char status[64] = "", message[2048] = "";
	struct ztp_object result;

	if (decided->code < 400)
		return reply_json((unsigned)decided->code, decided->result);
	if (ztp_object_read(&result, fields, 2, text, BOOK_RESULT_MAX, NULL) ==
	    0) {
		(void)ztp_object_copy(status, sizeof(status), &result, 0, NULL);
		(void)ztp_object_copy(message, sizeof(message), &result, 1,
				      NULL);
		ztp_object_clear(&result);
	}
	return reply_named((unsigned)decided->code, status, message);
}

struct reply waits_answer(const struct call *call,
			  const struct decided *decided)
{
	struct reply reply;

	if (memcmp(call->digest, decided->digest, sizeof(call->digest)) != 0 ||
	    strcmp(call->id, decided->request_id) != 0)
		return reply_error(422, "this Idempotency-Key was used for "
					"another decision");
	reply = call->omnicore
			? as_omnicore(decided)
			: reply_json((unsigned)decided->code, decided->result);
	reply.applied = call->applied;
	return reply;
}

/* --- waiting */

void waits_park(struct call *call)
{
	struct server *server = call->server;

	if (server->parked_count >= PARKED_MAX)
		call->deadline = ztp_clock_boot();
	call->parked = true;
	call->before = NULL;
	call->next = server->parked;
	if (call->next)
		call->next->before = call;
	server->parked = call;
	server->parked_count++;
	free(call->body); /* its record is on its way */
	call->body = NULL;
	links_turn(&server->links, call->link, LINK_ASKS, ztp_clock_boot());
	links_turn(&server->links, call->link, LINK_WAITS, ztp_clock_boot());
	MHD_suspend_connection(call->connection);
}

void waits_forget(struct call *call)
{
	if (call->sent)
		call->sent->call = NULL;
	call->sent = NULL;
	if (!call->parked)
		return;
	call->parked = false;
	if (call->before)
		call->before->next = call->next;
	else
		call->server->parked = call->next;
	if (call->next)
		call->next->before = call->before;
	call->server->parked_count--;
}

static void answer(struct call *call, struct reply reply)
{
	call->reply = reply;
	waits_forget(call);
	call->server->moved = true;
	MHD_resume_connection(call->connection);
}

/* It is in Kafka, and its result will be found at the request. */
static struct reply accepted(const struct call *call)
{
	struct reply reply;
	char location[sizeof(ZTP_HTTP_REQUESTS) + ZTP_REQUEST_ID_MAX + 1];
	cJSON *tree = cJSON_CreateObject();

	if (tree &&
	    !cJSON_AddStringToObject(tree, ZTP_M_REQUEST_ID, call->id)) {
		cJSON_Delete(tree);
		tree = NULL;
	}
	(void)snprintf(location, sizeof(location), ZTP_HTTP_REQUESTS "/%s",
		       call->id);
	reply = reply_tree(MHD_HTTP_ACCEPTED, tree);
	reply.location = strdup(location);
	reply.applied = call->applied;
	return reply;
}

static struct reply not_stored(void)
{
	return reply_error(503, "Kafka has not confirmed the decision, which "
				"may be read all the same; send it again");
}

void waits_on_answer(void *server, const struct decided *decided)
{
	struct call *call, *next;

	for (call = ((struct server *)server)->parked; call; call = next) {
		next = call->next;
		if (key_same(&call->event, &decided->event))
			answer(call, waits_answer(call, decided));
	}
}

void waits_on_stored(void *arg, bool stored)
{
	struct sent *sent = arg;
	struct call *call = sent->call;

	free(sent);
	if (!call)
		return;
	call->sent = NULL;
	if (!stored)
		answer(call, not_stored());
	else if (call->deadline <= ztp_clock_boot())
		answer(call, accepted(call));
}

/* A decision that Kafka does not have yet is waited for: the producer gives up
 * by itself, and reports that. */
int64_t waits_end_late(struct server *server, int64_t now)
{
	struct call *call, *next;
	int64_t first = INT64_MAX;

	for (call = server->parked; call; call = next) {
		next = call->next;
		if (call->sent)
			continue;
		if (call->deadline <= now)
			answer(call, accepted(call));
		else if (call->deadline < first)
			first = call->deadline;
	}
	return first;
}

void waits_end_all(struct server *server)
{
	while (server->parked) {
		struct call *call = server->parked;

		answer(call, call->sent ? not_stored() : accepted(call));
	}
}
