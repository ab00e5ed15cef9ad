/*
 * At the start the topics are read one after the other: results, requests,
 * decisions, of which the requests may name several. So a request that has ended
 * is never open in between, and the topics that open requests name are known
 * before others take the room; what else has ended is read only so that a retry
 * gets the first answer. From then on they are read together, and a decision
 * may be read before its request: it is looked for when that comes. What ended
 * elsewhere is open until that is read: a decision about it then has no effect,
 * as its result says.
 *
 * A request may be announced again with another topic, when its subscription has
 * moved to another bridge. That one does not read what was decided in the former
 * topic, so it waits for a decision again: what stands there is stray.
 */
#include "tools/serve/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tools/common/answer.h"
#include "tools/common/cli.h"
#include "tools/serve/decision_topics.h"
#include "tools/serve/event_id.h"
#include "tools/serve/feed.h"
#include "tools/serve/follow.h"
#include "tools/serve/retention.h"
#include "ztp/topics.h"

#define TURN_MAX 1000  /* records of a topic in one turn */
#define STORE_MS 25000 /* how long Kafka may take to store a decision */
#define FLUSH_MS 2000
#define LAPSE_MS 1000 /* between looks for what has expired, while full */

enum { RESULTS, REQUESTS, TOPICS };

struct world {
	struct world_settings settings;
	rd_kafka_t *producer;
	rd_kafka_topic_t *topic; /* only so that it connects at the start */
	struct decision_topics_user user;
	struct feed *feeds[TOPICS];
	struct retention retention[TOPICS];
	struct decision_topics decisions;
	struct book book;
	struct decided_list decided;
	bool ready, told_full;
	bool chosen; /* which topics of decisions are read, at the start */
	const char *reading; /* a topic: what the start waits for */
	int64_t lapse_at; /* when to look again for what has expired, in ms */
};

/* --- records */

static void no_memory(void)
{
	ztp_cli_warn(ZTP_APPROVER, "out of memory: a record is left out");
}

/* As it is stored in the decisions' list. *decided: NULL if it is none of a
 * decision that is known. False: no memory. */
static bool note_answer(struct decided **decided, struct world *world,
			const struct said *said, const struct key *position,
			int64_t at)
{
	const struct decided_result result = {said->id, said->text, said->len,
					      said->code, at};

	*decided = NULL;
	return !said->has_decision ||
	       decided_answer(decided, &world->decided, position, &result);
}

static bool take_result(struct world *world, const rd_kafka_message_t *message)
{
	struct key position = {.bytes = {0}};
	struct decided *decided;
	struct said said;

	if (!said_read(&said, message->payload, message->len))
		return true;
	if (said.has_decision)
		position_key(&position, said.topic, said.partition,
			     said.offset);
	if (!note_answer(&decided, world, &said, &position,
			 rd_kafka_message_timestamp(message, NULL)) ||
	    !book_say(&world->book, &said, decided ? &position : NULL))
		return false;
	if (decided && decided->has_event)
		world->settings.on_answer(world->settings.arg, decided);
	return true;
}

bool world_is_stray(const struct world *world, const char *request_id,
		    const char *topic)
{
	const struct request *request = book_find(&world->book, request_id);

	return request && request->decisions && *request->decisions &&
	       strcmp(request->decisions, topic) != 0;
}

/* Has it been decided already? */
static void look_for_decision(struct world *world, const char *request_id)
{
	const struct decided *decided =
		decided_about(&world->decided, request_id);

	if (decided && decided_stands(decided) &&
	    !world_is_stray(world, request_id, decided->topic))
		book_decide(&world->book, request_id, &decided->position);
}

static void note_retention(struct world *world, int64_t open_ms)
{
	for (int i = 0; i < TOPICS; i++)
		retention_note(&world->retention[i], open_ms);
	decision_topics_note(&world->decisions, open_ms);
}

static bool take_request(struct world *world, const rd_kafka_message_t *message)
{
	int64_t written = rd_kafka_message_timestamp(message, NULL);
	const struct request *request;
	const char *decisions;
	struct ztp_ask ask;

	if (ztp_ask_parse(&ask, message->payload, message->len, NULL) != 0)
		return true;
	if (ask.expires_at && written > 0)
		note_retention(world, ask.expires_at - written);
	decisions = decision_topics_of(&world->decisions, &ask,
				       world->settings.decisions_given);
	if (!book_ask(&world->book, &ask, decisions, message->payload,
		      message->len, ztp_clock_wall()))
		return false;
	request = book_find(&world->book, ask.request_id);
	if (world->chosen && request)
		(void)follow_request(&world->decisions, request, &world->user);
	look_for_decision(world, ask.request_id);
	return true;
}

/* *event: where it has one of our ids. */
static void tell_read(struct world *world, const struct decided *decided,
		      const struct key *event)
{
	const struct world_settings *settings = &world->settings;

	settings->on_read(settings->arg, event);
	if (decided && decided->has_event && decided->result)
		settings->on_answer(settings->arg, decided);
}

static bool judge_decision(struct world *world,
			   const rd_kafka_message_t *message,
			   const struct ztp_decision *decision,
			   const struct key *event)
{
	const char *topic = decision_topics_name(
		&world->decisions, rd_kafka_topic_name(message->rkt));
	uint8_t digest[ZTP_SHA256_LEN];
	const struct decided_record record = {
		.event = event,
		.digest = digest,
		.request_id = decision->request_id,
		.topic = topic,
		.stray = world_is_stray(world, decision->request_id, topic),
		.at = rd_kafka_message_timestamp(message, NULL),
	};
	struct decided *decided;
	struct key position;

	ztp_decision_digest(digest, decision);
	position_key(&position, topic, message->partition, message->offset);
	if (!decided_read(&decided, &world->decided, &position, &record))
		return false;
	if (decided && decided_stands(decided) && !record.stray)
		book_decide(&world->book, decision->request_id, &position);
	if (event)
		tell_read(world, decided, event);
	return true;
}

static bool take_decision(struct world *world,
			  const rd_kafka_message_t *message)
{
	size_t count;
	struct ztp_header *headers = ztp_kafka_headers(message, &count);
	struct ztp_decision decision;
	struct key event;
	bool ok = true;

	if (!headers)
		return false;
	if (ztp_decision_parse(&decision, message->payload, message->len,
			       headers, count, NULL) == 0) {
		ok = judge_decision(world, message, &decision,
				    event_read(&event, headers, count) ? &event
								       : NULL);
		ztp_decision_clear(&decision);
	}
	free(headers);
	return ok;
}

/* --- a turn */

typedef bool taker(struct world *world, const rd_kafka_message_t *message);

static bool take(struct world *world, struct feed *feed, taker *take_one)
{
	rd_kafka_message_t *message = feed_take(feed);

	if (!message)
		return false;
	if (!take_one(world, message))
		no_memory();
	rd_kafka_message_destroy(message);
	return true;
}

/* More open requests than may be kept wait in Kafka. */
static bool has_room(struct world *world)
{
	int64_t now = ztp_clock_boot();
	bool full = book_full(&world->book);

	if (full && now >= world->lapse_at) {
		world->lapse_at = now + LAPSE_MS;
		book_lapse(&world->book, ztp_clock_wall());
		full = book_full(&world->book);
	}
	if (full && !world->told_full)
		ztp_cli_warn(ZTP_APPROVER,
			     "%zu requests are open, which is as many as are "
			     "kept; more are taken when some have ended",
			     world->book.open_count);
	world->told_full = full;
	return !full;
}

/* True: there is more. */
static bool take_some(struct world *world, struct feed *feed, taker *take_one)
{
	for (int i = 0; i < TURN_MAX; i++) {
		if (take_one == take_request && !has_room(world))
			return false;
		if (!take(world, feed, take_one))
			return false;
	}
	return true;
}

/* The topic that is to be read to its end before the next one, or NULL. */
static const char *unread(const struct world *world)
{
	if (!feed_caught_up(world->feeds[RESULTS]))
		return world->settings.results;
	if (!feed_caught_up(world->feeds[REQUESTS]) && !book_full(&world->book))
		return world->settings.requests;
	return decision_topics_unread(&world->decisions);
}

static bool take_decisions(struct world *world)
{
	bool more = false;

	for (int i = 0; i < world->decisions.count; i++)
		more = take_some(world, world->decisions.items[i].feed,
				 take_decision) ||
		       more;
	return more;
}

static bool take_all(struct world *world)
{
	bool more = take_some(world, world->feeds[RESULTS], take_result);

	if (!world->ready && unread(world) == world->settings.results)
		return more;
	more = take_some(world, world->feeds[REQUESTS], take_request) || more;
	if (!world->ready && unread(world) == world->settings.requests)
		return more;
	if (!world->chosen)
		follow_book(&world->decisions, &world->book, &world->user);
	world->chosen = true;
	return take_decisions(world) || more;
}

/* Is all read for the first time? */
static void note_ready(struct world *world)
{
	const char *topic = unread(world);

	if (topic) {
		world->reading = topic;
		return;
	}
	world->ready = world->decided.running = true;
	decision_topics_note_late(&world->decisions);
	ztp_cli_warn(ZTP_APPROVER, "ready, open requests: %zu",
		     world->book.open_count);
}

bool world_turn(struct world *world)
{
	bool more;

	rd_kafka_poll(world->producer, 0);
	for (int i = 0; i < TOPICS; i++)
		retention_take(&world->retention[i]);
	decision_topics_turn(&world->decisions);
	more = take_all(world);
	if (!world->ready)
		note_ready(world);
	return more;
}

bool world_ready(const struct world *world)
{
	return world->ready;
}

bool world_is_away(const struct world *world)
{
	bool away = decision_topics_away(&world->decisions);

	for (int i = 0; i < TOPICS; i++)
		away = feed_is_away(world->feeds[i]) || away;
	return away;
}

const char *world_unread(const struct world *world)
{
	return world->reading;
}

const char *world_unread_for(const struct world *world,
			     const struct request *request)
{
	const char *topic = request->decisions;

	return topic && decision_topics_is_late(&world->decisions, topic)
		       ? topic
		       : NULL;
}

bool world_follows(struct world *world, const struct request *request)
{
	return follow_request(&world->decisions, request, &world->user);
}

const struct book *world_book(const struct world *world)
{
	return &world->book;
}

const struct decided_list *world_decided(const struct world *world)
{
	return &world->decided;
}

/* --- decisions */

/* Called from rd_kafka_poll, in this thread. */
static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message,
			void *opaque)
{
	const struct world *world = opaque;

	(void)producer;
	if (message->err)
		ztp_cli_warn(ZTP_APPROVER, "%s: %s",
			     rd_kafka_topic_name(message->rkt),
			     rd_kafka_err2str(message->err));
	world->settings.on_stored(world->settings.arg, message->_private,
				  message->err ? ztp_kafka_fault(message->err)
					       : 0);
}

int world_send(struct world *world, const struct world_decision *decision,
	       struct ztp_error *error)
{
	char time[ZTP_TIME_LEN];
	struct ztp_header headers[ZTP_HEADERS_MAX];
	const struct ztp_event event = {
		decision->event_id, EVENT_SOURCE, ZTP_ANSWER_TYPE,
		decision->path,	    time,	  NULL};

	ztp_time_format(time, ztp_clock_wall());
	return ztp_kafka_send(
		world->producer,
		&(struct ztp_kafka_record){
			.topic = decision->topic ? decision->topic
						 : world->settings.decisions,
			.key = decision->path,
			.value = {decision->record, decision->len},
			.headers = headers,
			.header_count = ztp_event_headers(headers, &event),
			.opaque = decision->opaque,
		},
		error);
}

/* --- the whole */

static bool start_feeds(struct world *world, struct ztp_error *error)
{
	const struct world_settings *settings = &world->settings;
	const char *const topics[TOPICS] = {
		[RESULTS] = settings->results, [REQUESTS] = settings->requests};

	for (int i = 0; i < TOPICS; i++) {
		const struct feed_settings feed = {
			settings->brokers, settings->group, topics[i],
			settings->props, settings->wake};

		world->feeds[i] = feed_new(&feed, error);
		if (!world->feeds[i])
			return false;
		retention_ask(&world->retention[i], world->producer, topics[i],
			      settings->wake);
	}
	return decision_topics_add(&world->decisions, settings->decisions,
				   &world->user, error);
}

static void wake_by_reports(rd_kafka_t *producer, int wake)
{
	static const uint64_t one = 1;
	rd_kafka_queue_t *queue = rd_kafka_queue_get_main(producer);

	rd_kafka_queue_io_event_enable(queue, wake, &one, sizeof(one));
	rd_kafka_queue_destroy(queue);
}

struct world *world_new(const struct world_settings *settings,
			struct ztp_error *error)
{
	struct world *made = calloc(1, sizeof(*made));

	if (!made) {
		(void)ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		return NULL;
	}
	made->settings = *settings;
	made->reading = settings->results;
	made->user = (struct decision_topics_user){
		.brokers = settings->brokers,
		.group = settings->group,
		.props = settings->props,
		.wake = settings->wake,
		.wants = follow_wants,
		.arg = &made->book,
	};
	made->producer = ztp_kafka_producer(settings->brokers, settings->props,
					    STORE_MS, on_delivery, made, error);
	made->user.client = made->producer;
	if (made->producer)
		made->topic = rd_kafka_topic_new(made->producer,
						 settings->decisions, NULL);
	if (made->producer && start_feeds(made, error)) {
		wake_by_reports(made->producer, settings->wake);
		return made;
	}
	world_free(made);
	return NULL;
}

void world_free(struct world *world)
{
	if (!world)
		return;
	decision_topics_stop(&world->decisions);
	for (int i = 0; i < TOPICS; i++)
		feed_stop(world->feeds[i]);
	for (int i = 0; i < TOPICS; i++) {
		feed_free(world->feeds[i]);
		retention_end(&world->retention[i]);
	}
	decision_topics_clear(&world->decisions);
	if (world->topic)
		rd_kafka_topic_destroy(world->topic);
	if (world->producer) {
		rd_kafka_flush(world->producer, FLUSH_MS);
		ztp_kafka_producer_end(world->producer);
	}
	book_clear(&world->book);
	decided_clear(&world->decided);
	free(world);
}
