/*
 * Asking whether this is still a member, by a commit.
 *
 * What Kafka says of it:
 * - a member, or not: news;
 * - a rebalance is under way, or the generation has just changed: asked again,
 *   because that says nothing of this member. Nor is it asked, or is an answer missed,
 *   before there is an assignment again: Kafka answers nothing else to a member that
 *   joins, which takes as long as the group waits for one that is gone;
 * - something about a topic, which may not be read any more or is not there: that
 *   says nothing of this member either. Kafka has judged each topic by itself, but
 *   librdkafka gives one answer for all of them. So each one is asked for alone, and
 *   what Kafka takes of one of them makes this a member;
 * - nothing, for the session timeout: lost, whatever Kafka may think. So is one that
 *   serves and is a member of whatever Kafka does not take. One that has yet to read
 *   the state goes on asking: it tells nobody anything, and whoever takes its place
 *   would most likely be no better off.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bridge/kafka/kafka_acl.h"
#include "bridge/standby/member_internal.h"

#define AGAIN_MS  100  /* until a check is asked again */
#define DENIED_MS 1000 /* likewise, if Kafka takes nothing of any topic */

/* --- what is asked */

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

static const char *topic_of(const struct member *m, enum check_scope scope)
{
	const struct config_topics *topics = &m->core->config->kafka.topics;

	switch (scope) {
	case CHECK_STATE:
		return topics->state;
	case CHECK_JOURNAL:
		return topics->journal;
	default:
		return topics->decisions;
	}
}

/* Where nothing has been read, the group begins at the start. It says so only when
 * asked for this topic alone, which may have yet to be made. */
static void add_decisions(const struct member *m,
			  rd_kafka_topic_partition_list_t *list)
{
	const char *topic = topic_of(m, CHECK_DECISIONS);
	const struct positions *p = &m->positions;

	for (int i = 0; i < p->count; i++)
		rd_kafka_topic_partition_list_add(list, topic,
						  p->decisions[i].partition)
			->offset = p->decisions[i].next;
	if (p->count == 0 && m->check.scope == CHECK_DECISIONS)
		rd_kafka_topic_partition_list_add(list, topic, 0)->offset = 0;
}

static bool has(enum check_scope scope, enum check_scope one)
{
	return scope == CHECK_ALL || scope == one;
}

static rd_kafka_topic_partition_list_t *offsets(const struct member *m)
{
	enum check_scope scope = m->check.scope;
	rd_kafka_topic_partition_list_t *list =
		rd_kafka_topic_partition_list_new(m->positions.count + 2);

	if (has(scope, CHECK_STATE))
		add_state(m, list);
	if (has(scope, CHECK_JOURNAL))
		rd_kafka_topic_partition_list_add(list,
						  topic_of(m, CHECK_JOURNAL), 0)
			->offset = m->positions.journal;
	if (has(scope, CHECK_DECISIONS))
		add_decisions(m, list);
	return list;
}

static void ask(struct member *m, enum check_scope scope)
{
	struct check *check = &m->check;
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t err;

	if (m->unheard_since != 0) {
		check->wanted = true;
		check->at = check->since = 0;
		return;
	}
	check->scope = scope;
	list = offsets(m);
	err = rd_kafka_commit_queue(m->rk, list, m->queue, NULL,
				    (void *)++check->number);
	rd_kafka_topic_partition_list_destroy(list);
	check->asked = !err;
	check->at = err ? ztp_clock_boot() + AGAIN_MS : 0;
}

static void begin(struct member *m)
{
	m->check.wanted = m->check.taken = false;
	m->check.denied = 0;
	ask(m, CHECK_ALL);
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
		begin(m);
}

static void ask_once_more(struct member *m)
{
	if (m->check.wanted)
		member_check(m, &m->positions);
}

void member_check_assigned(struct member *m)
{
	if (!m->check.asked)
		ask_once_more(m);
}

/* --- what is answered */

enum member_news member_lose(struct member *m, const char *why)
{
	m->lost = true;
	m->why_lost = why;
	return MEMBER_LOST;
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

static void ask_again(struct member *m, int64_t ms)
{
	m->check.at = ztp_clock_boot() + ms;
}

/* What may not be read any more: the first of them is told. */
static void be_denied(struct member *m)
{
	struct member_denial *denial = &m->denial;
	const unsigned denied = m->check.denied;
	enum check_scope scope = CHECK_STATE;
	struct ztp_error why;

	if (denied == 0) {
		*denial = (struct member_denial){0};
		return;
	}
	while (!(denied & 1u << scope))
		scope++;
	if (denial->since == 0)
		denial->since = ztp_clock_boot();
	/* The active one writes the state, and does not read it. */
	denial->serves = denied == 1u << CHECK_STATE;
	kafka_denied(&why, KAFKA_RIGHT_READ_TOPIC, topic_of(m, scope));
	snprintf(denial->right, sizeof(denial->right), "%s", why.message);
	snprintf(m->trouble, sizeof(m->trouble), "%s", why.message);
}

/* Each topic has been asked for by itself. */
static void end_round(struct member *m)
{
	be_denied(m);
	if (m->check.taken) {
		ask_once_more(m);
		return;
	}
	if (m->positions.state < 0) /* nobody relies on it */
		m->check.since = ztp_clock_boot();
	ask_again(m, DENIED_MS);
}

static void ask_next(struct member *m, enum check_scope next)
{
	if (next == CHECK_STATE && m->positions.state < 0)
		next++;
	if (next > CHECK_DECISIONS)
		end_round(m);
	else
		ask(m, next);
}

/* Is it said of a topic? */
static bool is_about_topic(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	       err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	       err == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE;
}

/* Of all topics together it does not say which. */
static void on_refused(struct member *m, rd_kafka_resp_err_t err)
{
	member_set_trouble(m, err, rd_kafka_err2str(err));
	if (m->check.scope != CHECK_ALL && kafka_is_denied(err))
		m->check.denied |= 1u << m->check.scope;
	ask_next(m, m->check.scope + 1);
}

static enum member_news on_taken(struct member *m)
{
	bool told = m->check.taken;

	m->trouble[0] = '\0';
	m->check.since = 0;
	m->check.taken = true;
	ask_next(m, m->check.scope == CHECK_ALL ? CHECK_DECISIONS + 1
						: m->check.scope + 1);
	return told ? MEMBER_NOTHING : MEMBER_CHECKED;
}

static enum member_news on_answer(struct member *m, rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return on_taken(m);
	case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
		return member_lose(m, "no member any more: kafka says so");
	case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
	case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
		break;
	default:
		if (is_about_topic(err)) {
			on_refused(m, err);
			return MEMBER_NOTHING;
		}
		member_set_trouble(m, err, rd_kafka_err2str(err));
		break;
	}
	ask_again(m, AGAIN_MS);
	return MEMBER_NOTHING;
}

enum member_news member_check_answered(struct member *m,
				       rd_kafka_event_t *event)
{
	if ((uintptr_t)rd_kafka_event_opaque(event) != m->check.number)
		return MEMBER_NOTHING;
	m->check.asked = false;
	return on_answer(m, rd_kafka_event_error(event));
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
		begin(m);
}

int64_t member_check_next(const struct member *m)
{
	int64_t at = m->check.at;

	if (m->check.since != 0 &&
	    (at == 0 || m->check.since + m->options.session_ms < at))
		at = m->check.since + m->options.session_ms;
	return at;
}
