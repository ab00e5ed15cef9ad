#include "bridge/kafka/state_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/kafka_assign.h"
#include "base/kafka_offsets.h"
#include "bridge/kafka/kafka.h"
#include "bridge/kafka/kafka_acl.h"

#define NUMBER_MAX   20 /* digits of STATE_ROW_HEADER */
#define NUDGE_BEFORE 0x02020000
#define NUDGE_MS     100

enum { BEGINNING = RD_KAFKA_OFFSET_BEGINNING };
_Static_assert(STATE_READER_START == BEGINNING, "the same");

struct state_reader {
	struct core *core;
	char *topic;
	/* The second one, made when it is needed, sees what is not committed. */
	rd_kafka_t *rk, *asks;
	rd_kafka_queue_t *queue;
	rd_kafka_message_t *ahead; /* that a visit did not take, or NULL */
	int64_t position;
	bool at_end;
	bool reading; /* the last poll had a row */
};

int state_reader_new(struct state_reader **out, struct core *core,
		     const char *topic, int wake_fd, struct ztp_error *error)
{
	static const uint64_t one = 1;
	struct state_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	r->core = core;
	r->topic = strdup(topic);
	r->rk = r->topic ? kafka_new(core, ZTP_KAFKA_READER, 0, error) : NULL;
	if (!r->rk) {
		state_reader_free(r);
		return ZTP_ERR_INTERNAL;
	}
	rd_kafka_poll_set_consumer(r->rk);
	r->queue = rd_kafka_queue_get_consumer(r->rk);
	if (wake_fd >= 0)
		rd_kafka_queue_io_event_enable(r->queue, wake_fd, &one,
					       sizeof(one));
	*out = r;
	return 0;
}

static void drop_ahead(struct state_reader *r)
{
	if (r->ahead)
		rd_kafka_message_destroy(r->ahead);
	r->ahead = NULL;
}

void state_reader_free(struct state_reader *r)
{
	if (!r)
		return;
	drop_ahead(r);
	if (r->queue) {
		rd_kafka_queue_io_event_enable(r->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(r->queue);
	}
	if (r->asks)
		kafka_close(r->core, r->asks);
	if (r->rk)
		kafka_close_consumer(r->core, r->rk, true);
	free(r->topic);
	free(r);
}

int state_reader_from(struct state_reader *r, int64_t offset,
		      struct ztp_error *error)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	rd_kafka_topic_partition_list_add(list, r->topic, 0)->offset = offset;
	err = ztp_kafka_assign(r->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	drop_ahead(r);
	r->position = offset;
	r->at_end = false;
	return err ? ztp_fail(error, ZTP_ERR_INTERNAL, "kafka: %s",
			      rd_kafka_err2str(err))
		   : 0;
}

/* --- one row */

/* The number that a removed row has in the store. */
static int64_t number_of(const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers;
	char text[NUMBER_MAX + 1];
	const void *value;
	size_t n;

	if (rd_kafka_message_headers(message, &headers) ||
	    rd_kafka_header_get_last(headers, STATE_ROW_HEADER, &value, &n) ||
	    !value || n > NUMBER_MAX)
		return 0;
	memcpy(text, value, n);
	text[n] = '\0';
	return strtoll(text, NULL, 10);
}

static int visit_message(const rd_kafka_message_t *message,
			 state_reader_visit *visit, void *arg,
			 struct ztp_error *error)
{
	struct state_record record = {
		.row = {.key = {message->key, message->key_len},
			.value = {message->payload, message->len}},
		.offset = message->offset,
		.written_at = rd_kafka_message_timestamp(message, NULL),
	};

	if (!message->payload)
		record.row.row = number_of(message);
	return visit(arg, &record, error);
}

/* What is wrong with the topic, or with reaching it. 0: nothing is lost. */
static int judge(struct state_reader *r, const rd_kafka_message_t *message,
		 struct ztp_error *error)
{
	switch (message->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		r->at_end = true;
		r->reading = false;
		if (message->offset > r->position)
			r->position = message->offset;
		return 0;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		return ztp_fail(error, ZTP_ERR_STATE_LOST,
				"%s has no offset %lld", r->topic,
				(long long)r->position);
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		/* Perhaps not yet: a new topic is not known at once. */
		return ztp_fail(error, ZTP_ERR_IO, "%s is not there", r->topic);
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		return kafka_denied(error, KAFKA_RIGHT_READ_TOPIC, r->topic);
	default:
		log_debug(r->core->log, "kafka_error",
			  LOG_STR("error", rd_kafka_message_errstr(message)));
		return 0;
	}
}

/* Returns 1 if it was a row, 0, or a negative error. A row that was not taken is
 * the next one again. */
static int take(struct state_reader *r, rd_kafka_message_t *message,
		state_reader_visit *visit, void *arg, struct ztp_error *error)
{
	int rc;

	if (message->err) {
		rc = judge(r, message, error);
		rd_kafka_message_destroy(message);
		return rc;
	}
	r->at_end = false;
	rc = visit_message(message, visit, arg, error);
	if (rc != 0) {
		r->ahead = message;
		return rc;
	}
	r->position = message->offset + 1;
	r->reading = true;
	rd_kafka_message_destroy(message);
	return 1;
}

/* Before 2.2, librdkafka looks whether there is room in its queue again only when
 * a second has passed, or when the broker's thread has something else to do. With
 * this little of a queue, that something makes reading several times as fast. */
static void nudge(struct state_reader *r)
{
	int64_t end;

	if (rd_kafka_version() < NUDGE_BEFORE)
		(void)ztp_kafka_offsets(r->rk, r->topic, 0, NULL, &end,
					NUDGE_MS);
}

int state_reader_read(struct state_reader *r, int limit, int wait_ms,
		      state_reader_visit *visit, void *arg,
		      struct ztp_error *error)
{
	int count = 0, rc = 0;

	while (count < limit && rc >= 0) {
		rd_kafka_message_t *message = r->ahead;

		r->ahead = NULL;
		if (!message)
			message = rd_kafka_consumer_poll(r->rk,
							 count ? 0 : wait_ms);
		if (!message) {
			if (r->reading)
				nudge(r);
			r->reading = false;
			break;
		}
		rc = take(r, message, visit, arg, error);
		count += rc == 1;
		if (rc == 0 && r->at_end)
			break;
	}
	return rc < 0 ? rc : count;
}

int64_t state_reader_position(const struct state_reader *r)
{
	return r->position;
}

bool state_reader_at_end(const struct state_reader *r)
{
	return r->at_end;
}

int64_t state_reader_lag(const struct state_reader *r)
{
	int64_t start, end;

	/* Not that of what is committed: a transaction that stays open holds back
	 * all that comes after it. */
	if (rd_kafka_get_watermark_offsets(r->rk, r->topic, 0, &start, &end) ||
	    end < 0)
		return r->at_end ? 0 : -1;
	return end > r->position ? end - r->position : 0;
}

int state_reader_committed(struct state_reader *r, int wait_ms, int64_t *offset,
			   char *metadata, size_t cap, struct ztp_error *error)
{
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *part =
		rd_kafka_topic_partition_list_add(list, r->topic, 0);
	rd_kafka_resp_err_t err = rd_kafka_committed(r->rk, list, wait_ms);

	if (!err)
		err = part->err;
	*offset = !err && part->offset > 0 ? part->offset : 0;
	snprintf(metadata, cap, "%.*s",
		 !err && part->metadata ? (int)part->metadata_size : 0,
		 part->metadata ? (const char *)part->metadata : "");
	rd_kafka_topic_partition_list_destroy(list);
	return err ? ztp_fail(error, ZTP_ERR_IO, "kafka: %s",
			      rd_kafka_err2str(err))
		   : 0;
}

int state_reader_bounds(struct state_reader *r, int wait_ms,
			struct state_bounds *bounds, struct ztp_error *error)
{
	rd_kafka_resp_err_t err;

	if (!r->asks)
		r->asks = kafka_new(r->core, ZTP_KAFKA_PROBE, 0, error);
	if (!r->asks)
		return ZTP_ERR_INTERNAL;
	err = ztp_kafka_offsets(r->asks, r->topic, 0, &bounds->start,
				&bounds->end, wait_ms);
	if (!err)
		return 0;
	return ztp_fail(error, ZTP_ERR_IO, "%s: %s", r->topic,
			rd_kafka_err2str(err));
}
