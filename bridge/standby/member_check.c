/*
 * Asking whether this is still a member, by a commit.
 *
 * What Kafka says of it:
 * - a member, or not: news;
 * - a rebalance is under way, or the generation has just changed: asked again,
 *   because that says nothing of this member;
 * - nothing, for the session timeout: lost, whatever Kafka may think.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bridge/kafka/kafka_acl.h"
#include "bridge/standby/member_internal.h"

#define AGAIN_MS 100 /* until a check is asked again */

/* With the offset goes which topic it is of, since one that is made anew has the
 * same name. */
static void add_state(const struct member *m,
		      rd_kafka_topic_partition_list_t *list)
{
	const struct positions *p = &m->positions;
	rd_kafka_topic_partition_t *part;
	size_t n = strlen(p->birth);

	if (p->state < 0)
		return;
	part = rd_kafka_topic_partition_list_add(
		list, m->core->config->kafka.topics.state, 0);
	part->offset = p->state;
	part->metadata = n ? rd_kafka_mem_malloc(m->rk, n) : NULL;
	if (!part->metadata)
		return;
	memcpy(part->metadata, p->birth, n);
	part->metadata_size = n;
}

static rd_kafka_topic_partition_list_t *offsets(const struct member *m)
{
	const struct config_topics *topics = &m->core->config->kafka.topics;
	const struct positions *p = &m->positions;
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(p->count + 2);

	add_state(m, list);
	rd_kafka_topic_partition_list_add(list, topics->journal, 0)->offset =
		p->journal;
	for (int i = 0; i < p->count; i++)
		rd_kafka_topic_partition_list_add(list, topics->decisions,
						  p->decisions[i].partition)
			->offset = p->decisions[i].next;
	return list;
}

static void ask(struct member *m)
{
	struct check *check = &m->check;
	rd_kafka_topic_partition_list_t *list = offsets(m);
	rd_kafka_resp_err_t err;

	err = rd_kafka_commit_queue(m->rk, list, m->queue, NULL,
				    (void *)++check->number);
	rd_kafka_topic_partition_list_destroy(list);
	check->wanted = false;
	check->asked = !err;
	check->at = err ? ztp_clock_boot() + AGAIN_MS : 0;
}

void member_check(struct member *m, const struct positions *positions)
{
	struct check *check = &m->check;

	if (!m->rk)
		return;
	m->positions = *positions;
	if (check->since == 0)
		check->since = ztp_clock_boot();
	check->wanted = true;
	if (!check->asked)
		ask(m);
}

void member_set_trouble(struct member *m, rd_kafka_resp_err_t err,
			const char *text)
{
	struct ztp_error denied = {0};

	if (err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
		kafka_denied(&denied, KAFKA_RIGHT_READ_GROUP,
			     m->core->config->kafka.group);
		text = denied.message;
	} else if (err == RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT) {
		text = "standby.session_timeout is not "
		       "between kafka's group.min.session.timeout.ms and "
		       "group.max.session.timeout.ms";
	}
	snprintf(m->trouble, sizeof(m->trouble), "%s", text);
}

enum member_news member_check_answered(struct member *m,
				       rd_kafka_event_t *event)
{
	struct check *check = &m->check;
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);

	if ((uintptr_t)rd_kafka_event_opaque(event) != check->number)
		return MEMBER_NOTHING;
	check->asked = false;
	switch (err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		m->trouble[0] = '\0';
		check->since = 0;
		if (check->wanted)
			member_check(m, &m->positions);
		return MEMBER_CHECKED;
	case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
		m->lost = true;
		return MEMBER_LOST;
	case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
	case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
		break;
	default:
		member_set_trouble(m, err, rd_kafka_err2str(err));
		break;
	}
	check->at = ztp_clock_boot() + AGAIN_MS;
	return MEMBER_NOTHING;
}

/* --- the time */

bool member_check_is_over(const struct member *m, int64_t now)
{
	return m->check.since != 0 &&
	       now - m->check.since >= m->options.session_ms;
}

void member_check_again(struct member *m, int64_t now)
{
	if (m->check.at != 0 && now >= m->check.at)
		ask(m);
}

int64_t member_check_next(const struct member *m)
{
	int64_t at = m->check.at;

	if (m->check.since != 0 &&
	    (at == 0 || m->check.since + m->options.session_ms < at))
		at = m->check.since + m->options.session_ms;
	return at;
}
