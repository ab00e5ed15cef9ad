#include "tools/serve/retention.h"

#include <string.h>

#include "tools/common/cli.h"
#include "ztp/text.h"
#include "ztp/topics.h"

#define HOUR_MS (3600 * 1000.0)

static const uint64_t one = 1;

void retention_ask(struct retention *retention, rd_kafka_t *client,
		   const char *topic, int wake)
{
	rd_kafka_ConfigResource_t *asked =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);

	retention->topic = topic;
	retention->queue = rd_kafka_queue_new(client);
	rd_kafka_queue_io_event_enable(retention->queue, wake, &one,
				       sizeof(one));
	rd_kafka_DescribeConfigs(client, &asked, 1, NULL, retention->queue);
	rd_kafka_ConfigResource_destroy(asked);
}

static void compare(struct retention *retention)
{
	if (retention->told || retention->kept_ms <= 0 ||
	    retention->kept_ms >= retention->longest_ms)
		return;
	retention->told = true;
	ztp_cli_warn(ZTP_APPROVER,
		     "%s keeps its records for %.1f h (retention.ms), but "
		     "requests may be open for %.1f h: after a restart what is "
		     "open is not known",
		     retention->topic, (double)retention->kept_ms / HOUR_MS,
		     (double)retention->longest_ms / HOUR_MS);
}

static void read_one(struct retention *retention,
		     const rd_kafka_ConfigResource_t *resource)
{
	const rd_kafka_ConfigEntry_t **entries;
	const char *value;
	size_t count;

	if (rd_kafka_ConfigResource_error(resource))
		return;
	entries = rd_kafka_ConfigResource_configs(resource, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rd_kafka_ConfigEntry_name(entries[i]),
			   ZTP_TOPIC_RETENTION) != 0)
			continue;
		value = rd_kafka_ConfigEntry_value(entries[i]);
		if (value)
			(void)ztp_number_parse(&retention->kept_ms, value, -1,
					       INT64_MAX);
	}
}

void retention_take(struct retention *retention)
{
	const rd_kafka_DescribeConfigs_result_t *result;
	const rd_kafka_ConfigResource_t **resources;
	rd_kafka_event_t *event;
	size_t count;

	if (!retention->queue)
		return;
	event = rd_kafka_queue_poll(retention->queue, 0);
	if (!event)
		return;
	result = rd_kafka_event_DescribeConfigs_result(event);
	if (result && !rd_kafka_event_error(event)) {
		resources = rd_kafka_DescribeConfigs_result_resources(result,
								      &count);
		for (size_t i = 0; i < count; i++)
			read_one(retention, resources[i]);
		compare(retention);
	}
	rd_kafka_event_destroy(event);
	retention_end(retention);
}

void retention_note(struct retention *retention, int64_t open_ms)
{
	if (open_ms <= retention->longest_ms)
		return;
	retention->longest_ms = open_ms;
	compare(retention);
}

void retention_end(struct retention *retention)
{
	if (retention->queue)
		rd_kafka_queue_destroy(retention->queue);
	retention->queue = NULL;
}
