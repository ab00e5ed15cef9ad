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

bool waits_same(const struct call *call, const uint8_t digest[ZTP_SHA256_LEN],
		const char *request_id)
{
	return memcmp(call->digest, digest, sizeof(call->digest)) == 0 &&
	       strcmp(call->id, request_id) == 0;
}

struct reply waits_other_decision(void)
{
	return reply_error(422, "this Idempotency-Key was used for another "
				"decision");
}

struct reply waits_answer(const struct call *call,
			  const struct decided *decided)
{
	struct reply reply;

	if (!waits_same(call, decided->digest, decided->request_id))
		return waits_other_decision();
	reply = call->omnicore
			? as_omnicore(decided)
			: reply_json((unsigned)decided->code, decided->result);
	reply.applied = call->applied;
	return reply;
}

/* --- waiting */

bool waits_full(const struct server *server)
{
	return server->parked_count >= PARKED_ALL_MAX;
}

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
	links_turn(&server->links, call->link, LINK_IDLE, ztp_clock_boot());
	links_turn(&server->links, call->link, LINK_WAITS, ztp_clock_boot());
	MHD_suspend_connection(call->connection);
}

void waits_forget(struct call *call)
{
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

struct reply waits_too_large(void)
{
	return reply_error(413, "the decision is too large for its topic in "
				"Kafka: make its payload smaller");
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

void waits_on_read(void *server, const struct key *event)
{
	under_way_read(&((struct server *)server)->under_way, event);
}

/* Its time is over, if Kafka has its decision. */
static bool is_late(const struct call *call, int64_t now)
{
	return call->deadline <= now || call->server->stopping;
}

static void answer_stored(struct server *server, const struct key *event,
			  bool stored, bool too_large)
{
	int64_t now = ztp_clock_boot();
	struct call *call, *next;

	for (call = server->parked; call; call = next) {
		next = call->next;
		if (!key_same(&call->event, event))
			continue;
		if (!stored)
			answer(call,
			       too_large ? waits_too_large() : not_stored());
		else if (is_late(call, now))
			answer(call, accepted(call));
	}
}

void waits_on_stored(void *arg, void *under_way, int fault)
{
	struct server *server = arg;
	struct under_way *one = under_way;
	const struct key event = one->event;
	/* Kafka judges a batch: another one may have made it too large. */
	bool too_large = fault == ZTP_ERR_TOO_LARGE && !one->shared;
	bool stored = fault == 0 || one->read;

	if (stored)
		under_way_stored(&server->under_way, one);
	else
		under_way_fail(&server->under_way, one);
	answer_stored(server, &event, stored, too_large);
}

static bool has_kafka(const struct server *server, const struct key *event)
{
	const struct under_way *one = under_way_find(&server->under_way, event);

	return !one || one->stored || one->read;
}

/* A decision that Kafka does not have yet is waited for: the producer gives up
 * by itself, and reports that. */
int64_t waits_end_late(struct server *server, int64_t now)
{
	struct call *call, *next;
	int64_t first = INT64_MAX;

	for (call = server->parked; call; call = next) {
		next = call->next;
		if (!is_late(call, now)) {
			if (call->deadline < first)
				first = call->deadline;
		} else if (has_kafka(server, &call->event)) {
			answer(call, accepted(call));
		}
	}
	return first;
}

void waits_end_all(struct server *server)
{
	while (server->parked) {
		struct call *call = server->parked;

		answer(call, has_kafka(server, &call->event) ? accepted(call)
							     : not_stored());
	}
}
