/*
 * This bridge in the group of bridges.
 *
 * librdkafka gives the partition to the first member by member id, which begins
 * with the client.id and so with the time of joining, which is later than that of
 * any other member that is known, whatever the clocks say. That holds as long as
 * nobody comes back under an old time, and librdkafka does: after its session
 * has ended, it joins again with the same client.id. It says so first, also to a
 * member that had nothing (a lost assignment), and waits for the answer. So the
 * handle is closed instead of answered. While it is joining it says nothing;
 * then the member id that comes with an assignment is another one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/kafka_assign.h"
#include "bridge/standby/member_internal.h"

#define ERROR_MS 10000 /* between two lines in the log */
/* After a group has waited for a member that is gone and for one that does not
 * poll; then it is librdkafka that has not joined (see consumer_watch.c). The active
 * one waits as long: until the group has met it gives the partition to nobody, and
 * bridges that come and go one after the other let it meet anew each time. Turns go
 * on, and are fenced if they must be. */
#define JOIN_SESSIONS 2
#define JOIN_MS	      5000

int member_new(struct member **out, struct core *core,
	       const struct member_options *options, struct ztp_error *error)
{
	struct member *m = calloc(1, sizeof(*m));

	if (!m)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	m->core = core;
	m->options = *options;
	*out = m;
	return 0;
}

bool member_joined(const struct member *m)
{
	return m->rk != NULL;
}

const char *member_trouble(const struct member *m)
{
	return m->trouble;
}

const struct member_denial *member_denial(const struct member *m)
{
	return &m->denial;
}

const char *member_why_lost(const struct member *m)
{
	return m->why_lost ? m->why_lost : "";
}

/* --- the handle */

static int subscribe(struct member *m, struct ztp_error *error)
{
	rd_kafka_topic_partition_list_t *topics =
		rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	rd_kafka_topic_partition_list_add(topics,
					  m->core->config->kafka.topics.state,
					  RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(m->rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	return err ? ztp_fail(error, ZTP_ERR_INTERNAL, "kafka: subscribe: %s",
			      rd_kafka_err2str(err))
		   : 0;
}

/* Whoever sorts before others takes the partition from the one that has it, and gets
 * it back when it has given it up. What is written later as its own time is not
 * before this one. */
static int64_t time_after(int64_t newest)
{
	int64_t now = ztp_clock_wall();

	if (newest >= ZTP_JOINED_MAX)
		return ZTP_JOINED_MAX;
	return now > newest ? now : newest + 1;
}

static int name(struct member *m, int64_t newest,
		char text[ZTP_GROUP_MEMBER_MAX + 1], struct ztp_error *error)
{
	struct ztp_group_member named = {.joined_at = time_after(newest)};

	m->core->joined_at = named.joined_at;
	snprintf(named.instance, sizeof(named.instance), "%s",
		 m->options.instance);
	snprintf(named.advertise, sizeof(named.advertise), "%s",
		 m->options.advertise);
	snprintf(named.version, sizeof(named.version), "%s", ZTP_VERSION);
	return ztp_group_member_write(text, &named, error);
}

static int make_handle(struct member *m, int64_t newest,
		       struct ztp_error *error)
{
	static const uint64_t one = 1;
	char client_id[ZTP_GROUP_MEMBER_MAX + 1];
	struct kafka_wanted wanted = {
		.client = ZTP_KAFKA_MEMBER,
		.events = RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR |
			  RD_KAFKA_EVENT_OFFSET_COMMIT,
		.client_id = client_id,
		.session_ms = m->options.session_ms,
	};
	int rc;

	rc = name(m, newest, client_id, error);
	if (rc != 0)
		return rc;
	m->rk = kafka_new_as(m->core, &wanted, error);
	if (!m->rk)
		return ZTP_ERR_INTERNAL;
	rd_kafka_poll_set_consumer(m->rk);
	m->queue = rd_kafka_queue_get_consumer(m->rk);
	rd_kafka_queue_io_event_enable(m->queue, m->options.wake_fd, &one,
				       sizeof(one));
	m->unheard_since = ztp_clock_boot();
	rc = subscribe(m, error);
	if (rc != 0)
		member_leave(m);
	return rc;
}

int member_join(struct member *m, int64_t newest, struct ztp_error *error)
{
	int rc;

	if (m->rk)
		return 0;
	rc = make_handle(m, newest, error);
	snprintf(m->trouble, sizeof(m->trouble), "%s",
		 rc != 0 ? error->message : "");
	m->trouble[strcspn(m->trouble, "\n")] = '\0'; /* librdkafka's */
	return rc;
}

static void *close_handle(void *arg)
{
	struct closing *closing = arg;

	/* It would not close before. */
	if (closing->unanswered)
		ztp_kafka_assign(closing->rk, NULL);
	kafka_close_consumer(closing->core, closing->rk, true);
	return NULL;
}

static void await_closing(struct member *m)
{
	if (m->closing.started)
		pthread_join(m->closing.thread, NULL);
	m->closing.started = false;
}

void member_leave(struct member *m)
{
	if (!m->rk)
		return;
	rd_kafka_queue_io_event_enable(m->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(m->queue);
	await_closing(m); /* of the one before, long ago */
	m->closing.core = m->core;
	m->closing.rk = m->rk;
	m->closing.unanswered = m->unanswered;
	m->closing.started = pthread_create(&m->closing.thread, NULL,
					    close_handle, &m->closing) == 0;
	if (!m->closing.started)
		close_handle(&m->closing);
	m->rk = NULL;
	m->queue = NULL;
	free(m->id);
	m->id = NULL;
	m->assigned = m->lost = m->unanswered = false;
	m->unheard_since = 0;
	m->check = (struct check){.number = m->check.number};
	m->denial = (struct member_denial){0};
}

void member_free(struct member *m)
{
	if (!m)
		return;
	member_leave(m);
	await_closing(m);
	free(m);
}

/* --- news of the group */

/* Is this the member that Kafka knows, or one that has joined again? */
static bool is_another(struct member *m)
{
	char *id = rd_kafka_memberid(m->rk);
	bool another = m->id && (!id || strcmp(m->id, id) != 0);

	if (!m->id && id && *id)
		m->id = strdup(id);
	if (id)
		rd_kafka_mem_free(m->rk, id);
	return another;
}

static void assign_nothing(struct member *m)
{
	rd_kafka_topic_partition_list_t *none =
		rd_kafka_topic_partition_list_new(0);

	ztp_kafka_assign(m->rk, none);
	rd_kafka_topic_partition_list_destroy(none);
}

/* Every member that joins causes one. */
static enum member_news on_revoked(struct member *m)
{
	if (rd_kafka_assignment_lost(m->rk)) {
		m->unanswered = true;
		return member_lose(m,
				   "no member any more: its session has ended");
	}
	m->unheard_since = ztp_clock_boot();
	ztp_kafka_assign(m->rk, NULL);
	return MEMBER_NOTHING;
}

static enum member_news on_rebalance(struct member *m, rd_kafka_event_t *event)
{
	const rd_kafka_topic_partition_list_t *list =
		rd_kafka_event_topic_partition_list(event);

	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		return on_revoked(m);
	if (is_another(m)) {
		m->unanswered = true;
		return member_lose(m,
				   "no member any more: it had to join anew");
	}
	assign_nothing(m);
	m->trouble[0] = '\0';
	m->unheard_since = 0;
	m->assigned = kafka_has_first(list);
	if (!m->assigned) /* nothing is asked for any more */
		m->denial = (struct member_denial){0};
	member_check_assigned(m);
	return m->assigned ? MEMBER_ASSIGNED : MEMBER_UNASSIGNED;
}

static enum member_news on_error(struct member *m, rd_kafka_event_t *event)
{
	uint64_t suppressed;

	member_set_trouble(m, rd_kafka_event_error(event),
			   rd_kafka_event_error_string(event));
	if (log_every(&m->errors, ERROR_MS, ztp_clock_boot(), &suppressed))
		log_warn(m->core->log, "kafka_error",
			 LOG_STR("error", m->trouble),
			 LOG_UINT("suppressed", suppressed));
	if (!rd_kafka_event_error_is_fatal(event))
		return MEMBER_NOTHING;
	return member_lose(m, "no member any more: kafka's client has failed");
}

static enum member_news on_event(struct member *m, rd_kafka_event_t *event)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_REBALANCE:
		return on_rebalance(m, event);
	case RD_KAFKA_EVENT_OFFSET_COMMIT:
		return member_check_answered(m, event);
	case RD_KAFKA_EVENT_ERROR:
		return on_error(m, event);
	default:
		return MEMBER_NOTHING;
	}
}

/* When a member without an assignment is given up; 0: it has one. */
static int64_t unheard_until(const struct member *m)
{
	return m->unheard_since == 0
		       ? 0
		       : m->unheard_since +
				 JOIN_SESSIONS * m->options.session_ms +
				 JOIN_MS;
}

/* What nobody tells. */
static enum member_news on_time(struct member *m)
{
	int64_t now = ztp_clock_boot();

	if (member_check_is_over(m, now))
		return member_lose(m, "no answer from kafka whether it is "
				      "still a member");
	if (m->unheard_since != 0 && now >= unheard_until(m))
		return member_lose(m, "the group gives it no assignment");
	member_check_again(m, now);
	return MEMBER_NOTHING;
}

enum member_news member_collect(struct member *m)
{
	enum member_news news = MEMBER_NOTHING;
	rd_kafka_event_t *event;

	while (m->rk && !m->lost && news == MEMBER_NOTHING &&
	       (event = rd_kafka_queue_poll(m->queue, 0)) != NULL) {
		news = on_event(m, event);
		rd_kafka_event_destroy(event);
	}
	if (m->rk && !m->lost && news == MEMBER_NOTHING)
		news = on_time(m);
	return news;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a != 0 && (b == 0 || a < b) ? a : b;
}

int64_t member_next(const struct member *m)
{
	if (!m->rk || m->lost)
		return 0;
	return sooner(unheard_until(m), member_check_next(m));
}
