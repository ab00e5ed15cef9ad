/*
 * A topic that is deleted and recreated.
 *
 * Its offsets start again. An old position may lie beyond the topic's end or,
 * worse, among records that have not been read. Each assignment looks for the
 * landmarks, and while the bridge runs there are more signs. Reading a topic
 * from its beginning because of a false sign does no harm: a decision that has
 * already been applied is recognised by its position, and one about no request is
 * told again under the same ce_id.
 *
 * What librdkafka (2.0.2) knows of the old topic gets into its way: it resets
 * offsets by itself, some from its cache, and after an assignment at the wrong
 * time it reads a partition never again. So a new handle reads the new topic.
 */
#include <string.h>

#include "bridge/kafka/consumer_internal.h"

void consumer_suspect(struct consumer *c, const char *sign)
{
	const char *topic = c->core->config->kafka.topics.decisions;

	if (c->anew || !store_offset_any(c->store, topic))
		return;
	log_warn(c->core->log, "kafka_topic_anew", LOG_STR("sign", sign));
	c->anew = true;
}

bool consumer_look_for_topic(struct consumer *c,
			     const struct probe_status *status)
{
	bool back;

	if (!status->up || status->asked_at == c->missed_at)
		return false;
	back = c->missing && status->partitions > 0;
	if (status->partitions > 0)
		c->missing = false;
	if (back)
		return !c->complete && !c->offered;
	if (status->partitions > 0 ||
	    !(status->missing & (1u << STORE_DECISIONS)))
		return false;
	c->missed_at = status->asked_at;
	c->missing = true;
	consumer_suspect(c, "the topic is missing");
	return false;
}
