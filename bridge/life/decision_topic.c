#include "bridge/life/decision_topic.h"

#include <string.h>

#include "bridge/kafka/kafka.h"
#include "bridge/life/silence.h"

#define NAME "decisions_topic" /* in the store: of the last start */

/* Of a release that did not note the name: a topic that has been read, while
 * nothing has been of this one. */
static int guess_before(struct bridge *b, char *before, size_t cap,
			const char *topic, struct ztp_error *error)
{
	int rc;

	if (store_offset_any(b->store, topic))
		return 0;
	rc = store_offset_other(b->store, topic, before, cap, error);
	return rc < 0 ? rc : 0;
}

int decision_topic_look(struct bridge *b, struct ztp_error *error)
{
	const char *topic = kafka_topic(&b->core, STORE_DECISIONS);
	char before[ZTP_TOPIC_NAME_MAX + 1];
	int rc = store_get(b->store, NAME, before, sizeof(before), error);

	b->topic_unnoted = rc == 0 || (rc == 1 && strcmp(before, topic) != 0);
	if (rc == 0)
		rc = guess_before(b, before, sizeof(before), topic, error);
	b->topic_changed = b->topic_unnoted && *before;
	if (rc >= 0 && b->topic_changed)
		log_warn(b->core.log, "decision_topic_changed",
			 LOG_STR("before", before), LOG_STR("topic", topic),
			 LOG_STR("hint",
				 "decisions in the former topic are not read; "
				 "on_timeout approves nothing that was asked "
				 "before"));
	return rc < 0 ? rc : 0;
}

int decision_topic_apply(struct bridge *b, struct ztp_error *error)
{
	int rc = 0;

	if (!b->topic_unnoted)
		return 0;
	if (b->topic_changed)
		rc = silence_broken(b, SILENCE_TOPIC, error);
	return rc == 0 ? store_set(b->store, NAME,
				   kafka_topic(&b->core, STORE_DECISIONS),
				   error)
		       : rc;
}

void decision_topic_settle(struct bridge *b)
{
	b->topic_unnoted = b->topic_changed = false;
}
