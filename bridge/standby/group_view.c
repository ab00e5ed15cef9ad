#include "bridge/standby/group_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/kafka/kafka.h"
#include "bridge/standby/behind.h"
#include "bridge/standby/group_settings.h"

#define ANSWER_MS 10000 /* librdkafka's own limit is longer */

struct group_view {
	struct core *core;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	int64_t at; /* when to ask (again) */
	int64_t every, heard_at;
	char trouble[256];
	struct group_view_member members[GROUP_VIEW_MAX];
	size_t count;
	char twice[ZTP_INSTANCE_MAX + 1]; /* as it was logged */
	int64_t twice_since;
	char other[256]; /* see group_view_other */
	bool said_other;
	struct group_settings settings;
};

int group_view_new(struct group_view **out, struct core *core,
		   const int *replicas, int wake_fd, struct ztp_error *error)
{
	static const uint64_t one = 1;
	struct group_view *v = calloc(1, sizeof(*v));

	if (!v)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	v->core = core;
	v->settings =
		(struct group_settings){.core = core, .replicas = replicas};
	v->every = behind_ask_ms(core->config->standby.session_timeout_ms);
	v->rk = kafka_new(core, ZTP_KAFKA_PROBE, 0, error);
	if (!v->rk) {
		group_view_free(v);
		return ZTP_ERR_INTERNAL;
	}
	v->queue = rd_kafka_queue_new(v->rk);
	rd_kafka_queue_io_event_enable(v->queue, wake_fd, &one, sizeof(one));
	*out = v;
	return 0;
}

void group_view_free(struct group_view *v)
{
	if (!v)
		return;
	if (v->queue) {
		rd_kafka_queue_io_event_enable(v->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(v->queue);
	}
	if (v->rk)
		kafka_close(v->core, v->rk);
	free(v);
}

/* --- who has one name */

const char *group_view_twice(const struct group_view_member *members,
			     size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < count; k++)
			if (strcmp(members[i].named.instance,
				   members[k].named.instance) == 0)
				return members[i].named.instance;
	return NULL;
}

/* Once, and again after it has changed. Who has died is a member until Kafka has
 * missed it, and the same bridge may be back before. */
static void say_twice(struct group_view *v)
{
	const char *twice = group_view_twice(v->members, v->count);
	int64_t now = ztp_clock_boot(),
		sure = v->core->config->standby.session_timeout_ms + v->every;

	if (!twice) {
		v->twice[0] = '\0';
		v->twice_since = 0;
		return;
	}
	if (v->twice_since == 0)
		v->twice_since = now;
	if (now - v->twice_since < sure || strcmp(twice, v->twice) == 0)
		return;
	snprintf(v->twice, sizeof(v->twice), "%s", twice);
	log_warn(v->core->log, "instance_twice", LOG_STR("instance", twice));
}

const char *group_view_said_twice(const struct group_view *v)
{
	return v->twice;
}

/* --- who has another state */

static void see_topics(struct group_view *v, const char *instance,
		       const rd_kafka_topic_partition_list_t *list)
{
	const char *ours = v->core->config->kafka.topics.state;
	int i;

	for (i = 0; list && i < list->cnt; i++)
		if (strcmp(list->elems[i].topic, ours) != 0)
			snprintf(v->other, sizeof(v->other),
				 "%.64s has this kafka.group and another "
				 "state, %.100s",
				 instance, list->elems[i].topic);
}

static void say_other(struct group_view *v)
{
	bool any = v->other[0] != '\0';

	if (any && !v->said_other)
		log_error(v->core->log, "group_shared",
			  LOG_STR("error", v->other));
	v->said_other = any;
}

const char *group_view_other(const struct group_view *v)
{
	return v->other;
}

/* --- asking */

static void ask(struct group_view *v)
{
	const char *groups[] = {v->core->config->kafka.group};

	rd_kafka_DescribeConsumerGroups(v->rk, groups, 1, NULL, v->queue);
	v->at = ztp_clock_boot() + ANSWER_MS;
}

static void take_member(struct group_view *v,
			const rd_kafka_MemberDescription_t *member)
{
	struct group_view_member *to = &v->members[v->count];
	const rd_kafka_MemberAssignment_t *given =
		rd_kafka_MemberDescription_assignment(member);
	const rd_kafka_topic_partition_list_t *list =
		given ? rd_kafka_MemberAssignment_partitions(given) : NULL;

	if (!ztp_group_member_read(
		    &to->named, rd_kafka_MemberDescription_client_id(member)))
		return;
	to->assigned = kafka_has_first(list);
	see_topics(v, to->named.instance, list);
	v->count++;
}

static void take_members(struct group_view *v,
			 const rd_kafka_ConsumerGroupDescription_t *group)
{
	size_t count = rd_kafka_ConsumerGroupDescription_member_count(group);

	v->count = 0;
	v->other[0] = '\0';
	for (size_t i = 0; i < count && v->count < GROUP_VIEW_MAX; i++)
		take_member(v,
			    rd_kafka_ConsumerGroupDescription_member(group, i));
	say_twice(v);
	say_other(v);
}

static void take(struct group_view *v, rd_kafka_event_t *event)
{
	const rd_kafka_DescribeConsumerGroups_result_t *result =
		rd_kafka_event_DescribeConsumerGroups_result(event);
	const rd_kafka_ConsumerGroupDescription_t **groups = NULL;
	const rd_kafka_error_t *error = NULL;
	size_t count = 0;

	if (!rd_kafka_event_error(event) && result)
		groups = rd_kafka_DescribeConsumerGroups_result_groups(result,
								       &count);
	if (count == 1)
		error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
	if (count == 1 && !error) {
		v->heard_at = ztp_clock_boot();
		v->trouble[0] = '\0';
		take_members(v, groups[0]);
		return;
	}
	snprintf(v->trouble, sizeof(v->trouble), "%s",
		 error ? rd_kafka_error_string(error)
		       : rd_kafka_event_error_string(event));
}

void group_view_turn(struct group_view *v)
{
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(v->queue, 0)) != NULL) {
		rd_kafka_event_type_t type = rd_kafka_event_type(event);

		if (type == RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT) {
			take(v, event);
			v->at = ztp_clock_boot() + v->every;
		} else if (type == RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT) {
			group_settings_take(&v->settings, event);
		}
		rd_kafka_event_destroy(event);
	}
	if (ztp_clock_boot() >= v->at)
		ask(v);
	group_settings_turn(&v->settings, v->rk, v->queue);
}

const char *group_view_settings(const struct group_view *v)
{
	return v->settings.why;
}

int64_t group_view_next(const struct group_view *v)
{
	return v->at;
}

int64_t group_view_heard(const struct group_view *v)
{
	return v->heard_at;
}

const char *group_view_trouble(const struct group_view *v)
{
	return v->trouble;
}

size_t group_view_count(const struct group_view *v)
{
	return v->count;
}

int64_t group_view_newest(const struct group_view *v)
{
	int64_t newest = 0;

	for (size_t i = 0; i < v->count; i++)
		if (v->members[i].named.joined_at > newest)
			newest = v->members[i].named.joined_at;
	return newest;
}

const struct group_view_member *group_view_member(const struct group_view *v,
						  size_t i)
{
	return &v->members[i];
}
