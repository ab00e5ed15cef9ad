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

bool consumer_has_asked(const struct consumer *c)
{
	return store_next_due(c->store, true) != 0;
}

static void begin_anew(struct consumer *c, const char *sign)
{
	if (c->anew)
		return;
	log_warn(c->core->log, "kafka_topic_anew", LOG_STR("sign", sign));
	c->anew = true;
}

void consumer_suspect(struct consumer *c, const char *sign)
{
	if (store_offset_any(c->store, c->core->config->kafka.topics.decisions))
		begin_anew(c, sign);
}

/* Nothing may have been read of it, and yet an answer have been in it to those who
 * have been asked. Who is asked while it is missing is not to answer there. */
static void miss(struct consumer *c)
{
	static const char sign[] = "the topic is missing";

	if (!c->missing && consumer_has_asked(c))
		begin_anew(c, sign);
	else
		consumer_suspect(c, sign);
	c->missing = true;
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
	miss(c);
	return false;
}
