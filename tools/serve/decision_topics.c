#include "tools/serve/decision_topics.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tools/common/cli.h"

static const struct decision_topic *find(const struct decision_topics *topics,
					 const char *name)
{
	for (int i = 0; i < topics->count; i++)
		if (strcmp(topics->items[i].name, name) == 0)
			return &topics->items[i];
	return NULL;
}

const char *decision_topics_name(const struct decision_topics *topics,
				 const char *name)
{
	const struct decision_topic *topic = find(topics, name);

	return topic ? topic->name : topics->items[0].name;
}

bool decision_topics_add(struct decision_topics *topics, const char *name,
			 const struct decision_topics_user *user,
			 struct ztp_error *error)
{
	struct decision_topic *topic = &topics->items[topics->count];
	const struct feed_settings feed = {user->brokers, user->group,
					   topic->name, user->props,
					   user->wake};

	(void)snprintf(topic->name, sizeof(topic->name), "%s", name);
	topic->feed = feed_new(&feed, error);
	if (!topic->feed)
		return false;
	retention_ask(&topic->retention, user->client, topic->name, user->wake);
	if (topics->count > 0)
		retention_note(&topic->retention,
			       topics->items[0].retention.longest_ms);
	topics->count++;
	return true;
}

/* The bridge that asks does not read what is written to the first one. */
static void warn_of_topic(struct decision_topics *topics,
			  const struct ztp_ask *ask)
{
	const char *first = topics->items[0].name;

	if (topics->told_other || strcmp(ask->decision_topic, first) == 0 ||
	    (ask->expires_at && ask->expires_at <= ztp_clock_wall()))
		return;
	topics->told_other = true;
	ztp_cli_warn(ZTP_APPROVER,
		     "warning: request %s wants its decision in %s; decisions "
		     "are written to %s (--decisions)",
		     ask->request_id, ask->decision_topic, first);
}

static void warn_of_room(struct decision_topics *topics,
			 const struct ztp_ask *ask, const char *why)
{
	if (!topics->told_full)
		ztp_cli_warn(
			ZTP_APPROVER,
			"warning: request %s cannot be decided, nor others "
			"that want their decisions in %s: %s",
			ask->request_id, ask->decision_topic, why);
	topics->told_full = true;
}

const char *decision_topics_of(struct decision_topics *topics,
			       const struct ztp_ask *ask, bool given,
			       const struct decision_topics_user *user)
{
	const char *name = ask->decision_topic;
	const struct decision_topic *topic = find(topics, name);
	struct ztp_error error;

	if (topic)
		return topic->name;
	if (given || !*name) {
		if (*name)
			warn_of_topic(topics, ask);
		return topics->items[0].name;
	}
	if (topics->count == DECISION_TOPICS_MAX)
		warn_of_room(topics, ask, "there are too many topics");
	else if (!decision_topics_add(topics, name, user, &error))
		warn_of_room(topics, ask, error.message);
	else
		return topics->items[topics->count - 1].name;
	return "";
}

const char *decision_topics_unread(const struct decision_topics *topics)
{
	for (int i = 0; i < topics->count; i++) {
		const struct decision_topic *topic = &topics->items[i];

		if (!feed_caught_up(topic->feed) &&
		    !(topics->count > 1 && feed_is_missing(topic->feed)))
			return topic->name;
	}
	return NULL;
}

bool decision_topics_away(const struct decision_topics *topics)
{
	return topics->count == 1 && feed_is_away(topics->items[0].feed);
}

void decision_topics_note(struct decision_topics *topics, int64_t open_ms)
{
	for (int i = 0; i < topics->count; i++)
		retention_note(&topics->items[i].retention, open_ms);
}

void decision_topics_turn(struct decision_topics *topics)
{
	for (int i = 0; i < topics->count; i++)
		retention_take(&topics->items[i].retention);
}

void decision_topics_stop(struct decision_topics *topics)
{
	for (int i = 0; i < topics->count; i++)
		feed_stop(topics->items[i].feed);
}

void decision_topics_clear(struct decision_topics *topics)
{
	for (int i = 0; i < topics->count; i++) {
		feed_free(topics->items[i].feed);
		retention_end(&topics->items[i].retention);
	}
	topics->count = 0;
}
