/*
 * A decision is written to Kafka with an event id, and the request waits until
 * that id has been read there and has a result. With an Idempotency-Key the id
 * is made from it. If it has been read before, nothing is written; if two
 * instances write it at the same time, the first one in Kafka is the one whose
 * result both answer with, and the bridge finds the other one to be a duplicate.
 */
#include "tools/serve/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tools/serve/access.h"
#include "tools/serve/body.h"
#include "tools/serve/call.h"
#include "tools/serve/event_id.h"
#include "tools/serve/text.h"
#include "tools/serve/waits.h"
#include "ztp/code.h"
#include "ztp/topics.h"

#define BY_SERVE ZTP_APPROVER " serve"

static void fail(struct call *call, unsigned status, const char *message)
{
	call->reply = reply_error(status, message);
}

static const char *by_whom(const struct call *call)
{
	return call->token ? call->token->name : BY_SERVE;
}

/* --- what the headers say */

static enum MHD_Result add_prefer(void *arg, enum MHD_ValueKind kind,
				  const char *name, const char *value)
{
	(void)kind;
	if (value && strcasecmp(name, "Prefer") == 0)
		prefer_add(arg, value);
	return MHD_YES;
}

static void read_prefer(struct call *call)
{
	struct prefer prefer = {.wait_s = -1};
	int wait_s;

	(void)MHD_get_connection_values(call->connection, MHD_HEADER_KIND,
					add_prefer, &prefer);
	wait_s = prefer.wait_s >= 0 ? prefer.wait_s
		 : prefer.async	    ? 0
				    : WAIT_DEFAULT_S;
	if (prefer.async)
		call->applied = PREFER_ASYNC;
	else if (prefer.wait_s >= 0)
		call->applied = PREFER_WAIT;
	call->deadline = ztp_clock_boot() + 1000 * (int64_t)wait_s;
}

/* *keyed: the client gave a key. False: it is wrong, and that is the reply. */
static bool read_event(struct call *call, char id[EVENT_ID_LEN], bool *keyed,
		       const char *path)
{
	const char *text = call_header(call, "Idempotency-Key");
	struct ztp_str key;

	*keyed = text != NULL;
	if (!text) {
		event_id_new(id);
	} else if (idempotency_key_read(&key, text)) {
		event_id_of_key(id, path, key);
	} else {
		fail(call, 400,
		     "Idempotency-Key is not 1 to 255 visible characters");
		return false;
	}
	event_key(&call->event, id);
	return true;
}

/* --- sending */

static void park(struct call *call)
{
	if (waits_full(call->server))
		fail(call, 503, "too many decisions wait");
	else
		waits_park(call);
}

/* The decision with the call's key. NULL: none, or its request has gone to another
 * topic since, where it counts for nothing. */
static const struct decided *find_decided(const struct call *call)
{
	const struct world *world = call->server->world;
	const struct decided *decided =
		decided_find(world_decided(world), &call->event);

	if (decided && !decided->result &&
	    world_is_stray(world, decided->request_id, decided->topic))
		return NULL;
	return decided;
}

/* Where the key may stand has not been read yet: it cannot be said whether it is
 * known. True: that is the reply. */
static bool refuse_unread(struct call *call, const struct request *request)
{
	const char *topic = world_unread_for(call->server->world, request);
	char text[ZTP_TOPIC_NAME_MAX + 64];

	if (!topic)
		return false;
	(void)snprintf(text, sizeof(text), "%s is not read to its end yet",
		       topic);
	fail(call, 503, text);
	return true;
}

/* True: the key is known, so there is a reply, or it is waited for. */
static bool answer_again(struct call *call)
{
	const struct server *server = call->server;
	const struct decided *decided = find_decided(call);
	const struct under_way *under_way =
		under_way_find(&server->under_way, &call->event);

	if (!decided && !under_way)
		return false;
	if (decided ? !waits_same(call, decided->digest, decided->request_id)
		    : !waits_same(call, under_way->digest,
				  under_way->request_id))
		call->reply = waits_other_decision();
	else if (decided && decided->result)
		call->reply = waits_answer(call, decided);
	else
		park(call);
	return true;
}

static void send_decision(struct call *call, const char *event_id,
			  const struct request *request,
			  const struct posted *posted)
{
	struct server *server = call->server;
	struct ztp_error error;
	struct world_decision decision = {
		.topic = request->decisions,
		.event_id = event_id,
		.path = request->path,
		.record = posted->record,
		.len = posted->len,
	};
	struct under_way *one;

	if (!world_follows(server->world, request)) {
		fail(call, 503,
		     "this server does not follow the request's "
		     "decision_topic; its log says why");
		return;
	}
	if (waits_full(server)) {
		fail(call, 503, "too many decisions wait for Kafka");
		return;
	}
	one = under_way_add(&server->under_way, &call->event, call->digest,
			    call->id, ztp_clock_boot());
	if (!one) {
		fail(call, 503, "too many decisions are on their way");
		return;
	}
	decision.opaque = one;
	if (world_send(server->world, &decision, &error) != 0) {
		under_way_fail(&server->under_way, one);
		if (error.code == ZTP_ERR_TOO_LARGE)
			call->reply = waits_too_large();
		else
			fail(call, 503, error.message);
		return;
	}
	waits_park(call);
}

static void refuse(struct call *call, const struct ztp_error *error)
{
	fail(call, error->code == ZTP_ERR_NOMEM ? 500 : 400, error->message);
}

static void set_subject(struct call *call, const char *id,
			const struct posted *posted)
{
	memcpy(call->id, id, strlen(id) + 1);
	memcpy(call->digest, posted->digest, sizeof(call->digest));
}

/* --- native */

void decide_native(struct call *call)
{
	struct request *request =
		book_find(world_book(call->server->world), call->target.id);
	struct ztp_error error;
	struct subject subject;
	struct posted posted;
	char event_id[EVENT_ID_LEN];
	bool keyed;

	if (!request || !access_to(call, request->path)) {
		fail(call, 404, "no such request");
		return;
	}
	subject = (struct subject){request->id, request->path,
				   request->fingerprint, by_whom(call)};
	if (posted_native(&posted, call_body(call), &subject, &error) != 0) {
		refuse(call, &error);
		return;
	}
	read_prefer(call);
	set_subject(call, request->id, &posted);
	if (read_event(call, event_id, &keyed, request->path) &&
	    !(keyed && (answer_again(call) || refuse_unread(call, request))))
		send_decision(call, event_id, request, &posted);
	posted_clear(&posted);
}

/* --- OmniCore: the path's one open request */

static bool exists(const struct request *ended)
{
	return ended->outcome == ZTP_OUTCOME_ONBOARDED ||
	       ended->outcome == ZTP_OUTCOME_APPLIED ||
	       ended->outcome == ZTP_OUTCOME_APPLY_FAILED;
}

/* None is open: what became of the last one says why. */
static void answer_none(struct call *call, const struct request *ended)
{
	if (ended && exists(ended))
		call->reply = reply_named(409, ZTP_CODE_ALREADY_EXISTS,
					  "the device exists already");
	else if (ended && ended->outcome == ZTP_OUTCOME_EXPIRED)
		fail(call, 504, "the request has expired");
	else
		fail(call, 404, "no request of this device is open");
}

struct found {
	struct request *chosen; /* the last one that is named */
	int count, named;
};

static const struct request *last_ended(const struct request *request)
{
	while (request && !request->ended)
		request = request->next;
	return request;
}

/* One that has been decided is not ended yet: whoever says the same again means
 * that one. late: also those whose time is over. */
static struct found find(struct request *request,
			 const struct credentials *credentials, bool late)
{
	int64_t now = ztp_clock_wall();
	struct found found = {NULL, 0, 0};

	for (; request; request = request->next) {
		if (request->ended || (!late && !request->decided &&
				       !request_is_open(request, now)))
			continue;
		found.count++;
		if (credentials->given &&
		    !credentials_name(credentials, request->fingerprint))
			continue;
		found.named++;
		found.chosen = request;
	}
	return found;
}

/* NULL: there is a reply. What has expired, as far as is known here, is in
 * nobody's way; if there is nothing else, the bridge says whether it has. */
static struct request *choose(struct call *call,
			      const struct credentials *credentials)
{
	struct request *first = book_of_path(world_book(call->server->world),
					     call->target.path);
	struct found found = find(first, credentials, false);

	if (!found.count)
		found = find(first, credentials, true);
	if (!found.count)
		answer_none(call, last_ended(first));
	else if (!found.named)
		fail(call, 400,
		     "credentials names the certificate of no open request");
	else if (found.named > 1)
		fail(call, 409,
		     "several certificates ask for this device; name one in "
		     "credentials");
	return found.named == 1 ? found.chosen : NULL;
}

/* The request of a key that is known, whatever is open by now. NULL: it is not
 * known. */
static const char *known_id(const struct call *call)
{
	const struct decided *decided = find_decided(call);
	const struct under_way *under_way =
		under_way_find(&call->server->under_way, &call->event);

	if (decided)
		return decided->request_id;
	return under_way ? under_way->request_id : NULL;
}

/* True: there is a reply. */
static bool path_is_unread(struct call *call)
{
	const struct request *request = book_of_path(
		world_book(call->server->world), call->target.path);

	for (; request; request = request->next)
		if (refuse_unread(call, request))
			return true;
	return false;
}

static void decide_for_path(struct call *call,
			    const struct credentials *credentials,
			    const struct posted *checked)
{
	const char *path = call->target.path;
	char event_id[EVENT_ID_LEN];
	struct request *request;
	struct ztp_error error;
	struct subject subject;
	struct posted posted;
	const char *known;
	bool keyed;

	if (!read_event(call, event_id, &keyed, path))
		return;
	known = keyed ? known_id(call) : NULL;
	if (known) {
		set_subject(call, known, checked);
		(void)answer_again(call);
		return;
	}
	if (keyed && path_is_unread(call))
		return;
	request = choose(call, credentials);
	if (!request)
		return;
	subject = (struct subject){request->id, path, request->fingerprint,
				   by_whom(call)};
	if (posted_omnicore(&posted, call_body(call), &subject, &error) != 0) {
		refuse(call, &error);
		return;
	}
	set_subject(call, request->id, &posted);
	send_decision(call, event_id, request, &posted);
	posted_clear(&posted);
}

void decide_omnicore(struct call *call)
{
	/* Any id will do to find out whether the body is right. */
	const struct subject any = {"any", call->target.path, "", ""};
	struct credentials credentials;
	struct ztp_error error;
	struct posted checked;

	call->omnicore = true;
	if (!call->target.path[0]) {
		fail(call, 404, "no such device");
		return;
	}
	if (!access_to(call, call->target.path)) {
		fail(call, 403, "this token is not for that registry");
		return;
	}
	if (credentials_read(&credentials, call_body(call), &error) != 0 ||
	    posted_omnicore(&checked, call_body(call), &any, &error) != 0) {
		refuse(call, &error);
		return;
	}
	read_prefer(call);
	decide_for_path(call, &credentials, &checked);
	posted_clear(&checked);
}
