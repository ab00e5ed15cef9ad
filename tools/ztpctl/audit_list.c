/*
 * `ztpctl audit list`: what the audit topic holds now, or since a time. It ends
 * at the end that the topic had when it began, and keeps no more than the
 * newest --count records. Partitions are read one after the other, so the
 * records are put in the order of their times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "base/kafka_assign.h"
#include "base/kafka_offsets.h"
#include "tools/common/cli.h"
#include "tools/common/kafka.h"
#include "tools/common/where.h"
#include "tools/ztpctl/audit.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"
#include "ztp/path.h"
#include "ztp/topics.h"

#define ASK_MS	      5000
#define POLL_MS	      200
#define SILENT_MS     30000 /* without a record: it is not read to its end */
#define COUNT_DEFAULT 1000
#define COUNT_MAX     100000
#define CLOCKS_MS     (15 * 60 * 1000) /* by which clocks may differ */
#define LAST_ONES     1000

struct part {
	int64_t next, end;
};

struct kept {
	int64_t at;
	uint64_t order; /* of those of one time */
	char *text;	/* owned */
};

struct list {
	const struct ztp_ctl *ctl;
	const char *topic;
	rd_kafka_t *consumer;
	struct part *parts;
	int part_count;
	struct kept *kept; /* a heap, the oldest first */
	size_t count, size;
	uint64_t seen; /* that were wanted */
};

/* --- the newest records */

static bool is_older(const struct kept *a, const struct kept *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct kept *a, struct kept *b)
{
	struct kept one = *a;

	*a = *b;
	*b = one;
}

static void sift_down(struct list *list, size_t i)
{
	for (;;) {
		size_t oldest = i;

		for (size_t c = 2 * i + 1; c <= 2 * i + 2; c++)
			if (c < list->count &&
			    is_older(&list->kept[c], &list->kept[oldest]))
				oldest = c;
		if (oldest == i)
			return;
		swap(&list->kept[i], &list->kept[oldest]);
		i = oldest;
	}
}

static void sift_up(struct list *list, size_t i)
{
	while (i > 0 && is_older(&list->kept[i], &list->kept[(i - 1) / 2])) {
		swap(&list->kept[i], &list->kept[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static bool keep(struct list *list, int64_t at, const char *text, size_t len)
{
	struct kept one = {.at = at, .order = list->seen++};

	if (list->count == list->size && is_older(&one, &list->kept[0]))
		return true;
	one.text = strndup(text, len);
	if (!one.text)
		return false;
	if (list->count < list->size) {
		list->kept[list->count] = one;
		sift_up(list, list->count++);
		return true;
	}
	free(list->kept[0].text);
	list->kept[0] = one;
	sift_down(list, 0);
	return true;
}

static int compare(const void *a, const void *b)
{
	return is_older(a, b) ? -1 : 1;
}

/* --- which of them */

static bool is_wanted(const struct list *list, const cJSON *record, int64_t *at)
{
	const struct ztp_ctl *ctl = list->ctl;
	const char *time = ztp_tree_text(record, ZTP_M_AT);

	(void)ztp_time_parse(at, time, strlen(time));
	if (ctl->device &&
	    strcmp(ztp_tree_text(record, ZTP_M_DEVICE_PATH), ctl->device) != 0)
		return false;
	if (ctl->code &&
	    strcmp(ztp_tree_text(record, ZTP_M_CODE), ctl->code) != 0)
		return false;
	return *at >= ctl->since;
}

static bool take(struct list *list, const rd_kafka_message_t *message)
{
	cJSON *record = NULL;
	int64_t at = rd_kafka_message_timestamp(message, NULL);
	bool ok = true;

	if (message->payload &&
	    ztp_tree_parse(&record, message->payload, message->len,
			   ZTP_AUDIT_MAX, NULL) == 0 &&
	    is_wanted(list, record, &at))
		ok = keep(list, at, message->payload, message->len);
	cJSON_Delete(record);
	if (!ok)
		ztp_cli_warn("ztpctl", "out of memory");
	return ok;
}

/* --- where to begin and to end */

static bool failed(const struct list *list, rd_kafka_resp_err_t err)
{
	if (err)
		ztp_cli_warn("ztpctl", "%s, topic %s: %s", list->ctl->brokers,
			     list->topic, rd_kafka_err2str(err));
	return err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool count_parts(struct list *list)
{
	rd_kafka_topic_t *topic =
		rd_kafka_topic_new(list->consumer, list->topic, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t err = rd_kafka_last_error();

	if (topic)
		err = rd_kafka_metadata(list->consumer, 0, topic, &metadata,
					ASK_MS);
	if (!err && metadata && metadata->topic_cnt == 1) {
		err = metadata->topics[0].err;
		list->part_count = metadata->topics[0].partition_cnt;
	}
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	if (topic)
		rd_kafka_topic_destroy(topic);
	list->parts =
		calloc((size_t)list->part_count + 1, sizeof(*list->parts));
	return !failed(list, err) && list->parts;
}

/* Where to begin in a partition, by what Kafka found for the time. None is so
 * young, or this Kafka does not look for times (ztp-devkafka): then the last
 * ones are looked at. */
static int64_t first_of(const struct part *part, int64_t low, int64_t found)
{
	int64_t first = found >= 0 ? found : part->end - LAST_ONES;

	return first > low ? first : low;
}

/* Kafka has the bridge's time of a record, and `at` is the gate's. */
static bool look_up(struct list *list, rd_kafka_topic_partition_list_t *from)
{
	int64_t since = list->ctl->since;

	for (int i = 0; i < list->part_count; i++)
		rd_kafka_topic_partition_list_add(from, list->topic, i)
			->offset = since - CLOCKS_MS;
	if (since && failed(list, rd_kafka_offsets_for_times(list->consumer,
							     from, ASK_MS)))
		return false;
	for (int i = 0; i < list->part_count; i++) {
		struct part *part = &list->parts[i];
		int64_t low;

		if (failed(list,
			   ztp_kafka_offsets(list->consumer, list->topic, i,
					     &low, &part->end, ASK_MS)))
			return false;
		part->next = since ? first_of(part, low, from->elems[i].offset)
				   : low;
		from->elems[i].offset = part->next;
	}
	return true;
}

static bool begin(struct list *list)
{
	rd_kafka_topic_partition_list_t *from;
	bool ok;

	if (!count_parts(list))
		return false;
	from = rd_kafka_topic_partition_list_new(list->part_count);
	ok = look_up(list, from) &&
	     !failed(list, ztp_kafka_assign(list->consumer, from));
	rd_kafka_topic_partition_list_destroy(from);
	return ok;
}

static bool at_end(const struct list *list)
{
	for (int i = 0; i < list->part_count; i++)
		if (list->parts[i].next < list->parts[i].end)
			return false;
	return true;
}

/* --- reading */

/* What a transaction leaves behind is no record; the end may be one of them. */
static bool note(struct list *list, const rd_kafka_message_t *message)
{
	struct part *part;

	if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
		return !failed(list, message->err);
	if (message->partition < 0 || message->partition >= list->part_count)
		return true;
	part = &list->parts[message->partition];
	if (message->err) {
		part->next = part->end;
		return true;
	}
	if (message->offset < part->end && !take(list, message))
		return false;
	part->next = message->offset + 1;
	return true;
}

static bool read_all(struct list *list)
{
	int64_t silent_at = ztp_clock_boot() + SILENT_MS;
	bool ok = true;

	while (ok && !at_end(list)) {
		rd_kafka_message_t *message =
			rd_kafka_consumer_poll(list->consumer, POLL_MS);

		if (message) {
			ok = note(list, message);
			rd_kafka_message_destroy(message);
			silent_at = ztp_clock_boot() + SILENT_MS;
		} else if (ztp_clock_boot() > silent_at) {
			ok = !failed(list, RD_KAFKA_RESP_ERR__TIMED_OUT);
		}
		if (ok && ztp_cli_stopped()) {
			ztp_cli_warn("ztpctl",
				     "interrupted: %s was not read to its end",
				     list->topic);
			ok = false;
		}
	}
	return ok;
}

/* --- printing */

static cJSON *as_list(struct list *list)
{
	cJSON *all = cJSON_CreateArray(), *record;

	for (size_t i = 0; i < list->count; i++)
		if (ztp_tree_parse(&record, list->kept[i].text,
				   strlen(list->kept[i].text), ZTP_AUDIT_MAX,
				   NULL) == 0)
			cJSON_AddItemToArray(all, record);
	return all;
}

static int print_all(struct list *list)
{
	cJSON *all;
	int status;

	qsort(list->kept, list->count, sizeof(*list->kept), compare);
	all = as_list(list);
	status = ztp_ctl_print_list(list->ctl, all, ztp_ctl_audit_names);
	if (list->seen > list->count)
		ztp_cli_warn("ztpctl",
			     "%llu older records are left out: see --count",
			     (unsigned long long)(list->seen - list->count));
	cJSON_Delete(all);
	return status;
}

static int run(struct list *list)
{
	if (!begin(list) || !read_all(list))
		return ZTP_EXIT_FAILED;
	return print_all(list);
}

/* Kafka's log, and ours, say who asks; unless the user says so. */
static void name_client(struct ztp_ctl *ctl)
{
	static const char own[] = "client.id=ztpctl";
	size_t n = strcspn(own, "=") + 1;

	for (size_t i = 0; i < ctl->props.count; i++)
		if (strncmp(ctl->props.items[i], own, n) == 0)
			return;
	(void)ztp_kafka_props_add(&ctl->props, own, NULL);
}

/* What would only find nothing. */
static bool check(const struct ztp_ctl *ctl)
{
	struct ztp_path path;

	if (!ctl->brokers)
		(void)ztp_cli_usage("ztpctl", "--brokers is missing");
	else if (!ztp_brokers_valid(ctl->brokers))
		(void)ztp_cli_usage("ztpctl",
				    "--brokers: bad value: "
				    "%.100s" ZTP_BROKERS_WANTED,
				    ztp_cli_shown(ctl->brokers));
	else if (ctl->topic &&
		 !ztp_topic_name_valid(ctl->topic, strlen(ctl->topic)))
		(void)ztp_cli_usage("ztpctl",
				    "--topic: bad value: "
				    "%.100s" ZTP_TOPIC_WANTED,
				    ctl->topic);
	else if (ctl->device && ztp_path_parse(&path, ctl->device,
					       strlen(ctl->device), NULL) != 0)
		(void)ztp_cli_usage("ztpctl",
				    "--device: bad value: %.100s: not "
				    "subscriptions/S/registries/R/devices/D",
				    ctl->device);
	else if (ctl->code && !*ctl->code)
		(void)ztp_cli_usage("ztpctl", "--code is empty");
	else
		return true;
	return false;
}

int ztp_ctl_audit_list(struct ztp_ctl *ctl)
{
	const struct ztp_kafka_consumer how = {.group = "ztpctl", .eof = true};
	struct list list = {
		.ctl = ctl,
		.topic = ctl->topic ? ctl->topic : ZTP_TOPIC(audit),
		.size = ctl->count ? (size_t)ctl->count : COUNT_DEFAULT,
	};
	struct ztp_error error = {0};
	int status = ZTP_EXIT_FAILED;

	if (!check(ctl))
		return ZTP_EXIT_USAGE;
	if (ctl->count > COUNT_MAX)
		return ztp_cli_usage("ztpctl", "--count is more than %d",
				     COUNT_MAX);
	name_client(ctl);
	list.kept = calloc(list.size, sizeof(*list.kept));
	list.consumer =
		ztp_kafka_consumer(ctl->brokers, &ctl->props, &how, &error);
	if (!list.consumer)
		ztp_cli_warn("ztpctl", "%s", error.message);
	else if (list.kept)
		status = run(&list);
	(void)ztp_kafka_consumer_end(list.consumer);
	for (size_t i = 0; list.kept && i < list.count; i++)
		free(list.kept[i].text);
	free(list.kept);
	free(list.parts);
	return status;
}
