#include "tools/serve/decision_topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tools/common/cli.h"

/* --- names: requests and decisions refer to them */

static const char *find_name(const struct decision_topics *topics,
			     const char *name)
{
	const struct decision_topic_name *one = topics->names;

	while (one && strcmp(one->text, name) != 0)
		one = one->next;
	return one ? one->text : NULL;
}

/* NULL: there are too many, or no memory. */
static const char *keep_name(struct decision_topics *topics, const char *name)
{
	const char *known = find_name(topics, name);
	struct decision_topic_name *made;

	if (known || topics->name_count == DECISION_NAMES_MAX)
		return known;
	made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	(void)snprintf(made->text, sizeof(made->text), "%s", name);
	made->next = topics->names;
	topics->names = made;
	topics->name_count++;
	return made->text;
}

const char *decision_topics_name(const struct decision_topics *topics,
				 const char *name)
{
	const char *known = find_name(topics, name);

	return known ? known : topics->items[0].name;
}

/* --- those that are followed */

static struct decision_topic *find(struct decision_topics *topics,
				   const char *name)
{
	for (int i = 0; i < topics->count; i++)
		if (strcmp(topics->items[i].name, name) == 0)
			return &topics->items[i];
	return NULL;
}

bool decision_topics_add(struct decision_topics *topics, const char *name,
			 const struct decision_topics_user *user,
			 struct ztp_error *error)
{
	struct decision_topic *topic = &topics->items[topics->count];
	const char *kept = keep_name(topics, name);
	const struct feed_settings feed = {user->brokers, user->group, kept,
					   user->props, user->wake};

	if (!kept) {
		(void)ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		return false;
	}
	*topic = (struct decision_topic){.name = kept};
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

static void warn_of_room(struct decision_topics *topics, const char *request_id,
			 const char *name, const char *why)
{
	if (!topics->told_full)
		ztp_cli_warn(
			ZTP_APPROVER,
			"warning: request %s cannot be decided, nor others "
			"that want their decisions in %s: %s",
			request_id, name, why);
	topics->told_full = true;
}

static const char too_many[] = "there are too many topics";

const char *decision_topics_of(struct decision_topics *topics,
			       const struct ztp_ask *ask, bool given)
{
	const char *name;

	if (given || !*ask->decision_topic) {
		if (*ask->decision_topic)
			warn_of_topic(topics, ask);
		return topics->items[0].name;
	}
	name = keep_name(topics, ask->decision_topic);
	if (!name)
		warn_of_room(topics, ask->request_id, ask->decision_topic,
			     too_many);
	return name ? name : "";
}

/* --- one gives way to another */

/* Its feed ends by and by, and is freed then. False: others still do. */
static bool retire(struct decision_topics *topics, int at)
{
	for (int i = 0; i < DECISION_TOPICS_MAX; i++) {
		if (topics->retired[i])
			continue;
		topics->retired[i] = topics->items[at].feed;
		feed_stop(topics->retired[i]);
		retention_end(&topics->items[at].retention);
		topics->count--;
		memmove(&topics->items[at], &topics->items[at + 1],
			(size_t)(topics->count - at) * sizeof(*topics->items));
		return true;
	}
	return false;
}

static void free_retired(struct decision_topics *topics)
{
	for (int i = 0; i < DECISION_TOPICS_MAX; i++) {
		if (!topics->retired[i] || !feed_has_ended(topics->retired[i]))
			continue;
		feed_free(topics->retired[i]);
		topics->retired[i] = NULL;
	}
}

/* The first one is meant for whatever names none. */
static bool make_room(struct decision_topics *topics,
		      const struct decision_topics_user *user)
{
	int64_t now = ztp_clock_boot();

	if (now < topics->look_at)
		return false;
	topics->look_at = now + DECISION_TOPICS_LOOK_MS;
	for (int i = 1; i < topics->count; i++)
		if (!user->wants(user->arg, topics->items[i].name) &&
		    retire(topics, i)) {
			topics->look_at = 0;
			return true;
		}
	return false;
}

bool decision_topics_follow(struct decision_topics *topics, const char *name,
			    const char *request_id, bool open,
			    const struct decision_topics_user *user)
{
	struct ztp_error error;

	if (find(topics, name))
		return true;
	if (!*name)
		return false;
	if (topics->count == DECISION_TOPICS_MAX &&
	    !(open && make_room(topics, user))) {
		if (open)
			warn_of_room(topics, request_id, name, too_many);
		return false;
	}
	if (decision_topics_add(topics, name, user, &error))
		return true;
	warn_of_room(topics, request_id, name, error.message);
	return false;
}

/* --- what has been read of them */

/* Of several, is it one that is not waited for? */
static bool is_left_out(const struct decision_topic *topic)
{
	return feed_is_missing(topic->feed) || feed_is_stuck(topic->feed);
}

const char *decision_topics_unread(const struct decision_topics *topics)
{
	for (int i = 0; i < topics->count; i++) {
		const struct decision_topic *topic = &topics->items[i];

		if (!feed_caught_up(topic->feed) &&
		    !(topics->count > 1 && is_left_out(topic)))
			return topic->name;
	}
	return NULL;
}

/* In one that does not exist there is nothing. */
void decision_topics_note_late(struct decision_topics *topics)
{
	for (int i = 0; i < topics->count; i++) {
		struct decision_topic *topic = &topics->items[i];

		topic->late = !feed_caught_up(topic->feed) &&
			      !feed_is_missing(topic->feed);
		if (topic->late)
			ztp_cli_warn(ZTP_APPROVER,
				     "warning: %s cannot be read to its end at "
				     "the moment: requests that name it are "
				     "open, even if they are decided there",
				     topic->name);
	}
}

bool decision_topics_is_late(const struct decision_topics *topics,
			     const char *name)
{
	for (int i = 0; i < topics->count; i++)
		if (strcmp(topics->items[i].name, name) == 0)
			return topics->items[i].late;
	return false;
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
	free_retired(topics);
	for (int i = 0; i < topics->count; i++) {
		struct decision_topic *topic = &topics->items[i];

		retention_take(&topic->retention);
		if (!topic->late || !feed_caught_up(topic->feed))
			continue;
		topic->late = false;
		ztp_cli_warn(ZTP_APPROVER, "%s has been read to its end",
			     topic->name);
	}
}

void decision_topics_stop(struct decision_topics *topics)
{
	for (int i = 0; i < topics->count; i++)
		feed_stop(topics->items[i].feed);
}

void decision_topics_clear(struct decision_topics *topics)
{
	struct decision_topic_name *next;

	for (int i = 0; i < topics->count; i++) {
		feed_free(topics->items[i].feed);
		retention_end(&topics->items[i].retention);
	}
	for (int i = 0; i < DECISION_TOPICS_MAX; i++)
		feed_free(topics->retired[i]);
	for (; topics->names; topics->names = next) {
		next = topics->names->next;
		free(topics->names);
	}
	*topics = (struct decision_topics){.count = 0};
}
