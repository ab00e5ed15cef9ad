/*
 * This bridge in the group of bridges.
 *
 * librdkafka gives the partition to the first member by member id, which begins
 * with the client.id and so with the time of joining. That holds as long as
 * nobody comes back under an old time, and librdkafka does: after its session
 * has ended, it joins again with the same client.id. It says so first, also to a
 * member that had nothing (a lost assignment), and waits for the answer. So the
 * handle is closed instead of answered. While it is joining it says nothing;
 * then the member id that comes with an assignment is another one.
 *
 * What Kafka says of a check:
 * - a member, or not: news;
 * - a rebalance is under way, or the generation has just changed: asked again,
 *   because that says nothing of this member;
 * - nothing, for the session timeout: lost, whatever Kafka may think.
 */
#include "bridge/standby/member.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bridge/kafka/kafka.h"
#include "bridge/kafka/kafka_acl.h"

#define ERROR_MS 10000 /* between two lines in the log */
#define AGAIN_MS 100   /* until a check is asked again */
/* After a group has waited for a member that is gone and for one that does not
 * poll; then it is librdkafka that has not joined (see consumer_watch.c). */
#define JOIN_SESSIONS 2
#define JOIN_MS	      5000

struct check {
	bool wanted;   /* once more, after the one that is under way */
	bool asked;    /* Kafka has yet to answer */
	int64_t since; /* since when an answer is awaited; 0: it is not */
	int64_t at;    /* when to ask */
	uintptr_t number;
};

struct closing {
	struct core *core;
	rd_kafka_t *rk;
	bool unanswered;
	pthread_t thread;
	bool started;
};

struct member {
	struct core *core;
	struct member_options options;
	rd_kafka_t *rk; /* NULL: has not joined */
	rd_kafka_queue_t *queue;
	char *id;	       /* as Kafka named it at its first assignment */
	bool assigned;	       /* the partition */
	int64_t unheard_since; /* 0: it has one, if an empty one */
	struct check check;
	struct positions positions; /* that the check commits */
	bool lost;		    /* told, and not yet left */
	bool unanswered;	    /* librdkafka waits for rd_kafka_assign */
	char trouble[256];
	struct log_limit errors;
	struct closing closing;
};

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

static int name(const struct member *m, char text[ZTP_GROUP_MEMBER_MAX + 1],
		struct ztp_error *error)
{
	struct ztp_group_member named = {.joined_at = ztp_clock_wall()};

	snprintf(named.instance, sizeof(named.instance), "%s",
		 m->options.instance);
	snprintf(named.advertise, sizeof(named.advertise), "%s",
		 m->options.advertise);
	snprintf(named.version, sizeof(named.version), "%s", ZTP_VERSION);
	return ztp_group_member_write(text, &named, error);
}

static int make_handle(struct member *m, struct ztp_error *error)
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

	rc = name(m, client_id, error);
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

int member_join(struct member *m, struct ztp_error *error)
{
	int rc;

	if (m->rk)
		return 0;
	rc = make_handle(m, error);
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
		rd_kafka_assign(closing->rk, NULL);
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
}

void member_free(struct member *m)
{
	if (!m)
		return;
	member_leave(m);
	await_closing(m);
	free(m);
}

/* --- the check */

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

static void set_trouble(struct member *m, rd_kafka_resp_err_t err,
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

static enum member_news on_answer(struct member *m, rd_kafka_event_t *event)
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
		set_trouble(m, err, rd_kafka_err2str(err));
		break;
	}
	check->at = ztp_clock_boot() + AGAIN_MS;
	return MEMBER_NOTHING;
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

	rd_kafka_assign(m->rk, none);
	rd_kafka_topic_partition_list_destroy(none);
}

/* Every member that joins causes one. */
static enum member_news on_revoked(struct member *m)
{
	if (rd_kafka_assignment_lost(m->rk)) {
		m->lost = m->unanswered = true;
		return MEMBER_LOST;
	}
	m->unheard_since = ztp_clock_boot();
	rd_kafka_assign(m->rk, NULL);
	return MEMBER_NOTHING;
}

static enum member_news on_rebalance(struct member *m, rd_kafka_event_t *event)
{
	const rd_kafka_topic_partition_list_t *list =
		rd_kafka_event_topic_partition_list(event);

	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		return on_revoked(m);
	if (is_another(m)) {
		m->lost = m->unanswered = true;
		return MEMBER_LOST;
	}
	assign_nothing(m);
	m->trouble[0] = '\0';
	m->unheard_since = 0;
	m->assigned = kafka_has_first(list);
	return m->assigned ? MEMBER_ASSIGNED : MEMBER_UNASSIGNED;
}

static enum member_news on_error(struct member *m, rd_kafka_event_t *event)
{
	uint64_t suppressed;

	set_trouble(m, rd_kafka_event_error(event),
		    rd_kafka_event_error_string(event));
	if (log_every(&m->errors, ERROR_MS, ztp_clock_boot(), &suppressed))
		log_warn(m->core->log, "kafka_error",
			 LOG_STR("error", m->trouble),
			 LOG_UINT("suppressed", suppressed));
	if (!rd_kafka_event_error_is_fatal(event))
		return MEMBER_NOTHING;
	m->lost = true;
	return MEMBER_LOST;
}

static enum member_news on_event(struct member *m, rd_kafka_event_t *event)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_REBALANCE:
		return on_rebalance(m, event);
	case RD_KAFKA_EVENT_OFFSET_COMMIT:
		return on_answer(m, event);
	case RD_KAFKA_EVENT_ERROR:
		return on_error(m, event);
	default:
		return MEMBER_NOTHING;
	}
}

/* When a member without an assignment is given up; 0: it has one. */
static int64_t unheard_until(const struct member *m)
{
	int64_t session = m->options.session_ms;

	if (m->unheard_since == 0)
		return 0;
	return m->unheard_since +
	       (m->assigned ? session : JOIN_SESSIONS * session + JOIN_MS);
}

/* What nobody tells. */
static enum member_news on_time(struct member *m)
{
	int64_t now = ztp_clock_boot(), session = m->options.session_ms;
	struct check *check = &m->check;

	if ((check->since != 0 && now - check->since >= session) ||
	    (m->unheard_since != 0 && now >= unheard_until(m))) {
		m->lost = true;
		return MEMBER_LOST;
	}
	if (check->at != 0 && now >= check->at)
		ask(m);
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
	const struct check *check = &m->check;
	int64_t session = m->options.session_ms, next = check->at;

	if (!m->rk || m->lost)
		return 0;
	if (check->since != 0)
		next = sooner(check->since + session, next);
	return sooner(unheard_until(m), next);
}
