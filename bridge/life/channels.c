#include "bridge/life/channels.h"

#include <string.h>

#define SAMPLE 256 /* rows: the first, the last, and others between them */

/* Is the row's topic the one that it would get now? */
static bool render(const struct bridge *b, const struct store_request *r,
		   char topic[ZTP_TOPIC_MAX + 1])
{
	struct ztp_path path;

	if (ztp_path_parse(&path, r->path, strlen(r->path), NULL) != 0)
		return true; /* it has none */
	ztp_topic_render(topic, b->core.config->mqtt.command_topic, &path);
	return strcmp(r->channel, topic) == 0;
}

/* --- at start */

int channels_look(struct bridge *b, struct ztp_error *error)
{
	int64_t last = store_list_before(b->store, INT64_MAX, false), n;
	char topic[ZTP_TOPIC_MAX + 1];
	struct store_request r;
	int i, rc = 1;

	b->comparing = false;
	for (i = 0; i < SAMPLE && b->channels && rc >= 0 && !b->comparing;
	     i++) {
		n = store_list_next(b->store, (last - 1) * i / (SAMPLE - 1),
				    false);
		if (n == 0)
			break;
		rc = store_request_by_n(b->store, n, &r, error);
		b->comparing = rc == 1 && !render(b, &r, topic);
	}
	if (rc >= 0 && b->comparing)
		log_warn(b->core.log, "command_topic_changed",
			 LOG_STR("command_topic",
				 b->core.config->mqtt.command_topic),
			 LOG_STR("hint", "the requests are compared, since "
					 "devices may share a topic now; "
					 "nothing is sent until then"));
	return rc < 0 ? rc : 0;
}

/* --- all of them */

struct walk {
	struct channels *channels;
	struct bridge *b;
	struct ztp_error *error;
};

static int visit(void *arg, struct store_request *r)
{
	struct walk *walk = arg;
	char topic[ZTP_TOPIC_MAX + 1];

	if (render(walk->b, r, topic))
		return 0;
	walk->channels->changing++;
	return store_channel_put(walk->b->store, r->n, topic, walk->error);
}

int channels_apply(struct channels *channels, struct bridge *b, int limit,
		   struct ztp_error *error)
{
	const struct store_filter all = {ZTP_STATE_NONE, NULL, limit, NULL};
	struct walk walk = {channels, b, error};
	int64_t first;
	int rc;

	channels->changing = channels->changed;
	channels->next = channels->after;
	first = store_list_next(b->store, channels->after, false);
	channels->done = first == 0;
	if (channels->done)
		return 0;
	channels->next = first - 1 + limit;
	rc = store_list_each(b->store, first - 1, channels->next, &all, visit,
			     &walk, error);
	return rc < 0 ? rc : 0;
}

void channels_settle(struct channels *channels, struct bridge *b)
{
	channels->after = channels->next;
	channels->changed = channels->changing;
	if (!channels->done)
		return;
	b->comparing = false;
	log_info(b->core.log, "command_topics_compared",
		 LOG_UINT("changed", channels->changed));
}

void channels_rollback(struct channels *channels)
{
	channels->next = channels->after;
	channels->changing = channels->changed;
	channels->done = false;
}

/* --- one of them */

struct sharing {
	const char *path;
	bool taken;
};

static int note_approved(void *arg, struct store_request *r)
{
	struct sharing *sharing = arg;

	if (strcmp(r->path, sharing->path) != 0 &&
	    !ztp_state_undecided(r->state) && !ztp_state_in_vain(r->state))
		sharing->taken = true;
	return 0;
}

int channels_taken(struct bridge *b, const struct store_request *r, bool *taken,
		   struct ztp_error *error)
{
	struct sharing sharing = {.path = r->path};
	int rc = 0;

	if (b->channels && *r->channel)
		rc = store_channel_each(b->store, r->channel, note_approved,
					&sharing, error);
	*taken = sharing.taken;
	return rc;
}
