#include "tests/sim/contract/kafka_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		contract_fail(name, 0, why);
}

/* Of the next producer. */
static void (*delivered)(rd_kafka_t *rk, const rd_kafka_message_t *message,
			 void *opaque);

static void open_handle(struct kafka_case *k, rd_kafka_type_t type,
			const char *topic, const char *const *settings,
			int events)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];

	memset(k, 0, sizeof(*k));
	k->name = topic;
	set(conf, "bootstrap.servers", stage_brokers());
	set(conf, "reconnect.backoff.max.ms", "500");
	set(conf, "log_level", "0");
	for (; settings && *settings; settings += 2)
		set(conf, settings[0], settings[1]);
	rd_kafka_conf_set_events(conf, events);
	if (delivered)
		rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	k->rk = rd_kafka_new(type, conf, why, sizeof(why));
	CHECK(k->rk);
}

void case_producer(struct kafka_case *k, const char *topic,
		   const char *const *settings)
{
	const char *all[32] = {"enable.idempotence", "true", "acks",	  "all",
			       "message.timeout.ms", "0",    "linger.ms", "5"};
	int n = 8;

	while (settings && *settings && n < 31)
		all[n++] = *settings++;
	open_handle(k, RD_KAFKA_PRODUCER, topic, all,
		    RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	k->queue = rd_kafka_queue_get_main(k->rk);
	k->topic = rd_kafka_topic_new(k->rk, topic, NULL);
	CHECK(k->topic);
}

void case_transactions(struct kafka_case *k, const char *topic,
		       void (*fn)(rd_kafka_t *rk,
				  const rd_kafka_message_t *message,
				  void *opaque),
		       const char *const *settings)
{
	const char *all[32] = {"enable.idempotence", "true", "acks", "all",
			       "linger.ms",	     "0"};
	int n = 6;

	while (settings && *settings && n < 31)
		all[n++] = *settings++;
	delivered = fn;
	open_handle(k, RD_KAFKA_PRODUCER, topic, all, 0);
	delivered = NULL;
	k->topic = rd_kafka_topic_new(k->rk, topic, NULL);
	CHECK(k->topic);
}

void case_consumer(struct kafka_case *k, const char *topic,
		   const char *const *settings)
{
	const char *all[32] = {"enable.auto.commit",
			       "false",
			       "enable.auto.offset.store",
			       "false",
			       "auto.offset.reset",
			       "earliest",
			       "enable.partition.eof",
			       "true",
			       "isolation.level",
			       "read_committed",
			       "session.timeout.ms",
			       "6000",
			       "heartbeat.interval.ms",
			       "1500",
			       "topic.metadata.refresh.interval.ms",
			       "10000",
			       "fetch.wait.max.ms",
			       "20"};
	int n = 18;

	while (settings && *settings && n < 31)
		all[n++] = *settings++;
	open_handle(k, RD_KAFKA_CONSUMER, topic, all,
		    RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_REBALANCE |
			    RD_KAFKA_EVENT_ERROR |
			    RD_KAFKA_EVENT_OFFSET_COMMIT);
	rd_kafka_poll_set_consumer(k->rk);
	k->queue = rd_kafka_queue_get_consumer(k->rk);
}

/* --- writing */

rd_kafka_resp_err_t case_send_as(struct kafka_case *k, int n, const char *key,
				 size_t key_len, size_t value_len,
				 rd_kafka_headers_t *headers)
{
	char *value = malloc(value_len + 16);
	rd_kafka_resp_err_t err;
	int len;

	CHECK(value);
	memset(value, '.', value_len + 16);
	len = snprintf(value, 16, "%d", n);
	value[len] = '.';
	if (value_len < (size_t)len)
		value_len = (size_t)len;
	err = rd_kafka_producev(k->rk, RD_KAFKA_V_RKT(k->topic),
				RD_KAFKA_V_KEY((void *)(uintptr_t)key, key_len),
				RD_KAFKA_V_VALUE(value, value_len),
				RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				RD_KAFKA_V_HEADERS(headers),
				RD_KAFKA_V_OPAQUE((void *)(uintptr_t)n),
				RD_KAFKA_V_END);
	if (err)
		rd_kafka_headers_destroy(headers);
	free(value);
	return err;
}

rd_kafka_resp_err_t case_send(struct kafka_case *k, int n, size_t more)
{
	return case_send_as(k, n, "k", 1, more, rd_kafka_headers_new(0));
}

static void note_reports(struct kafka_case *k, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;

	while ((message = rd_kafka_event_message_next(event)) != NULL)
		k->reports[(uintptr_t)message->_private] =
			(struct report){true, message->err, message->offset};
}

static void note_error(struct kafka_case *k, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);

	if (rd_kafka_event_error_is_fatal(event))
		k->fatal++;
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	    err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
		k->missing++;
}

rd_kafka_event_t *case_event(struct kafka_case *k, int type, int ms)
{
	rd_kafka_event_t *event;

	for (; ms > 0; ms -= 50) {
		event = rd_kafka_queue_poll(k->queue, 50);
		if (!event)
			continue;
		if (rd_kafka_event_type(event) == type)
			return event;
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
			note_error(k, event);
		rd_kafka_event_destroy(event);
		ms += 50;
	}
	return NULL;
}

void case_take_event(struct kafka_case *k, int ms)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(k->queue, ms);

	if (!event)
		return;
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
		note_reports(k, event);
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
		note_error(k, event);
	rd_kafka_event_destroy(event);
}

void case_wait_reports(struct kafka_case *k, int n)
{
	int i, left;

	for (left = CASE_WAIT_MS; left > 0; left -= 50) {
		for (i = 0; i < n && k->reports[i].there; i++)
			;
		if (i == n)
			return;
		case_take_event(k, 50);
	}
	CHECK(!"all have their reports in time");
}

/* --- reading */

void case_assign(struct kafka_case *k, int partitions, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(partitions);
	int i;

	for (i = 0; i < partitions; i++)
		rd_kafka_topic_partition_list_add(list, k->name, i)->offset =
			offset;
	CHECK_SAME(rd_kafka_assign(k->rk, list), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_topic_partition_list_destroy(list);
}

static int64_t take_record(rd_kafka_event_t *event, char *value, size_t room)
{
	const rd_kafka_message_t *m = rd_kafka_event_message_next(event);
	int64_t offset = m ? m->offset : -1;

	if (m)
		snprintf(value, room, "%.*s", (int)m->len,
			 (const char *)m->payload);
	rd_kafka_event_destroy(event);
	return offset;
}

static bool take_end(rd_kafka_event_t *event, int64_t *end)
{
	rd_kafka_topic_partition_t *part;
	bool is_end =
		rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__PARTITION_EOF;

	part = is_end ? rd_kafka_event_topic_partition(event) : NULL;
	if (part) {
		*end = part->offset;
		rd_kafka_topic_partition_destroy(part);
	}
	rd_kafka_event_destroy(event);
	return part != NULL;
}

int64_t case_read(struct kafka_case *k, char *value, size_t room, int64_t *end)
{
	rd_kafka_event_t *event;
	int ms;

	*end = -1;
	for (ms = CASE_WAIT_MS; ms > 0; ms -= 50) {
		event = rd_kafka_queue_poll(k->queue, 50);
		switch (rd_kafka_event_type(event)) {
		case RD_KAFKA_EVENT_FETCH:
			return take_record(event, value, room);
		case RD_KAFKA_EVENT_ERROR:
			note_error(k, event);
			if (take_end(event, end))
				return -1;
			break;
		default:
			rd_kafka_event_destroy(event);
		}
	}
	CHECK(!"a record, or the end, comes in time");
	return -1;
}
