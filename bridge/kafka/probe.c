#include "bridge/kafka/probe.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/kafka_offsets.h"
#include "bridge/kafka/kafka.h"
#include "bridge/kafka/topic_config.h"

#define PROBE_MS      10000 /* while all is well */
#define PROBE_DOWN_MS 1000
#define ANSWER_MS     3000
#define ENDS_PAUSE_MS 100 /* minimum between two queries for end offsets */

struct probe {
	struct core *core;
	int wake_fd;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topics[STORE_TOPIC_END];
	pthread_t thread;
	bool started;

	/* For the thread. */
	int64_t next_probe, next_ends; /* CLOCK_BOOTTIME */
	unsigned missing, denied;      /* of the last answer, in the log */
	struct probe_leaderless leaderless;
	bool config_seen; /* of the decision topic, since it is there */
	struct probe_end_offsets learned;

	pthread_mutex_t lock; /* guards all members below */
	pthread_cond_t changed;
	bool stopping, probe_wanted, ends_wanted, begins_wanted;
	struct probe_status status;
	struct probe_end_offsets ends;
};

static const char *topic_name(const struct probe *a, int topic)
{
	return kafka_topic(a->core, (enum store_topic)topic);
}

/* --- queries: the probe's thread */

/* Creates the topics; one that exists is no error. Blocks. */
static void create_topics(struct probe *a)
{
	rd_kafka_NewTopic_t *topics[STORE_TOPIC_END];
	rd_kafka_queue_t *queue = rd_kafka_queue_new(a->rk);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(
		a->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	const rd_kafka_topic_result_t **results;
	rd_kafka_event_t *event;
	char text[256];
	size_t i, made = 0, n = 0;

	for (i = 0; i < STORE_TOPIC_END; i++) {
		topics[made] = rd_kafka_NewTopic_new(topic_name(a, (int)i), -1,
						     -1, text, sizeof(text));
		if (topics[made] && i == STORE_DECISIONS)
			rd_kafka_NewTopic_set_config(topics[made],
						     TOPIC_COMPRESSION,
						     TOPIC_UNCOMPRESSED);
		if (topics[made])
			made++;
	}
	rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_MS, text,
						  sizeof(text));
	rd_kafka_CreateTopics(a->rk, topics, made, options, queue);
	event = rd_kafka_queue_poll(queue, 2 * ANSWER_MS);
	if (event && rd_kafka_event_error(event))
		log_warn(a->core->log, "kafka_create_failed",
			 LOG_STR("error", rd_kafka_event_error_string(event)));
	results = event ? rd_kafka_CreateTopics_result_topics(
				  rd_kafka_event_CreateTopics_result(event), &n)
			: NULL;
	for (i = 0; results && i < n; i++) {
		rd_kafka_resp_err_t err =
			rd_kafka_topic_result_error(results[i]);

		if (err && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			log_warn(a->core->log, "kafka_create_failed",
				 LOG_STR("topic", rd_kafka_topic_result_name(
							  results[i])),
				 LOG_STR("error", rd_kafka_err2str(err)));
		else if (!err)
			log_info(a->core->log, "kafka_topic_created",
				 LOG_STR("topic", rd_kafka_topic_result_name(
							  results[i])));
	}
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy_array(topics, made);
}

static bool is_missing(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	       err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	       err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
}

static void find_leaderless(struct probe_leaderless *leaderless,
			    enum store_topic name,
			    const rd_kafka_metadata_topic_t *topic)
{
	int i;

	for (i = 0; i < topic->partition_cnt; i++) {
		if (topic->partitions[i].leader >= 0)
			continue;
		if (leaderless->count++ == 0) {
			leaderless->topic = name;
			leaderless->partition = topic->partitions[i].id;
		}
	}
}

static void read_metadata(struct probe *a, const rd_kafka_metadata_t *md,
			  struct probe_status *status)
{
	int i, k;

	for (i = 0; i < STORE_TOPIC_END; i++) {
		const rd_kafka_metadata_topic_t *topic = NULL;

		for (k = 0; k < md->topic_cnt; k++)
			if (strcmp(md->topics[k].topic, topic_name(a, i)) == 0)
				topic = &md->topics[k];
		if (topic && !topic->err)
			status->counts[i] = topic->partition_cnt;
		if (topic && i == STORE_DECISIONS && !topic->err &&
		    topic->partition_cnt > 0) {
			status->partitions = topic->partition_cnt;
			status->leader = topic->partitions[0].leader;
		}
		if (!topic || is_missing(topic->err))
			status->missing |= 1u << i;
		else if (topic->err ==
			 RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
			status->denied |= 1u << i;
		else if (!topic->err)
			find_leaderless(&status->leaderless,
					(enum store_topic)i, topic);
	}
}

static void probe(struct probe *a, struct probe_status *status)
{
	const rd_kafka_metadata_t *md = NULL;
	rd_kafka_resp_err_t err;

	memset(status, 0, sizeof(*status));
	status->asked_at = ztp_clock_steady(&a->core->clock);
	/* Asks about the topics that this handle knows: those of
	 * open_topics. */
	err = rd_kafka_metadata(a->rk, 0, NULL, &md, ANSWER_MS);
	if (err)
		return;
	status->up = true;
	read_metadata(a, md, status);
	rd_kafka_metadata_destroy(md);
	if (status->missing && a->core->config->kafka.create_topics)
		create_topics(a);
}

/* begins: also where they begin. */
static bool query_ends(struct probe *a, int partitions, bool begins,
		       struct probe_end_offsets *ends)
{
	int i;

	ends->asked_at = ztp_clock_steady(&a->core->clock);
	ends->count = partitions;
	ends->has_begins = begins;
	if (partitions <= 0 || partitions > PROBE_PARTITIONS_MAX)
		return false;
	for (i = 0; i < partitions; i++) {
		if (ztp_kafka_offsets(a->rk, topic_name(a, STORE_DECISIONS), i,
				      begins ? &ends->begins[i] : NULL,
				      &ends->ends[i], ANSWER_MS))
			return false;
	}
	return true;
}

static void wait_until(struct probe *a, int64_t ms)
{
	struct timespec at = ztp_clock_after(CLOCK_MONOTONIC, ms);

	pthread_cond_timedwait(&a->changed, &a->lock, &at);
}

static void wake(struct probe *a)
{
	uint64_t one = 1;

	if (write(a->wake_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full, so the loop is awake */
}

/* When they are others than before. */
static void log_topics(struct probe *a, const char *event, unsigned topics,
		       unsigned *before)
{
	char names[KAFKA_TOPICS_TEXT];

	if (topics && topics != *before) {
		kafka_topics(names, a->core, topics);
		log_warn(a->core->log, event, LOG_STR("topics", names));
	}
	*before = topics;
}

static void log_leaderless(struct probe *a, const struct probe_leaderless *now)
{
	if (now->count > 0 && (now->count != a->leaderless.count ||
			       now->topic != a->leaderless.topic ||
			       now->partition != a->leaderless.partition))
		log_warn(a->core->log, "kafka_no_leader",
			 LOG_STR("topic", topic_name(a, (int)now->topic)),
			 LOG_INT("partition", now->partition),
			 LOG_INT("partitions", now->count));
	a->leaderless = *now;
}

static void probe_topics(struct probe *a)
{
	struct probe_status status;

	probe(a, &status);
	log_topics(a, "kafka_topics_missing", status.missing, &a->missing);
	log_topics(a, "kafka_topics_denied", status.denied, &a->denied);
	log_leaderless(a, &status.leaderless);
	a->next_probe = ztp_clock_boot() +
			(status.up && !status.missing && !status.denied &&
					 status.leaderless.count == 0
				 ? PROBE_MS
				 : PROBE_DOWN_MS);
	pthread_mutex_lock(&a->lock);
	a->status = status;
	pthread_mutex_unlock(&a->lock);
	wake(a); /* last, because the loop reads the status at once */
	if (status.up && status.partitions == 0)
		a->config_seen = false;
	if (status.partitions > 0 && status.leader >= 0 && !a->config_seen)
		a->config_seen = topic_config_look(
			a->core->log, a->rk, topic_name(a, STORE_DECISIONS),
			status.leader, kafka_receive_max(a->core->config));
}

static void ask_ends(struct probe *a, bool begins)
{
	struct probe_status status;
	bool ok;

	probe(a, &status); /* there may be more partitions now */
	ok = query_ends(a, status.partitions, begins, &a->learned);
	a->next_ends = ztp_clock_boot() + (ok ? ENDS_PAUSE_MS : PROBE_DOWN_MS);
	pthread_mutex_lock(&a->lock);
	a->status = status;
	if (ok)
		a->ends = a->learned;
	else
		a->ends_wanted = true;
	if (!ok && begins)
		a->begins_wanted = true;
	pthread_mutex_unlock(&a->lock);
	wake(a);
}

static void probe_ends(struct probe *a)
{
	ask_ends(a, false);
}

static void probe_ends_and_begins(struct probe *a)
{
	ask_ends(a, true);
}

typedef void probe_round(struct probe *a);

/* Returns what to do now, or NULL and in *next when to look again. Clears the
 * request for it: a new request means once more. */
static probe_round *next_round(struct probe *a, int64_t now, int64_t *next)
{
	if (a->probe_wanted || now >= a->next_probe) {
		a->probe_wanted = false;
		return probe_topics;
	}
	if (a->ends_wanted && now >= a->next_ends) {
		bool begins = a->begins_wanted;

		a->ends_wanted = a->begins_wanted = false;
		return begins ? probe_ends_and_begins : probe_ends;
	}
	*next = a->next_probe;
	if (a->ends_wanted && a->next_ends < *next)
		*next = a->next_ends;
	return NULL;
}

static void *run(void *arg)
{
	struct probe *a = arg;

	pthread_mutex_lock(&a->lock);
	while (!a->stopping) {
		int64_t now = ztp_clock_boot(), next;
		probe_round *round = next_round(a, now, &next);

		if (!round) {
			wait_until(a, next > now ? next - now : 1);
			continue;
		}
		pthread_mutex_unlock(&a->lock);
		round(a);
		pthread_mutex_lock(&a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* --- the loop's side */

static int open_topics(struct probe *a)
{
	int i;

	for (i = 0; i < STORE_TOPIC_END; i++) {
		a->topics[i] =
			rd_kafka_topic_new(a->rk, topic_name(a, i), NULL);
		if (!a->topics[i])
			return -1;
	}
	return 0;
}

int probe_new(struct probe **out, struct core *core, int wake_fd,
	      struct ztp_error *error)
{
	struct probe *a = calloc(1, sizeof(*a));
	pthread_condattr_t attr;

	if (!a)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	a->core = core;
	a->wake_fd = wake_fd;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &attr);
	pthread_condattr_destroy(&attr);
	a->rk = kafka_new(core, ZTP_KAFKA_PROBE, 0, error);
	if (!a->rk)
		goto fail;
	if (open_topics(a) != 0 ||
	    pthread_create(&a->thread, NULL, run, a) != 0) {
		ztp_fail(error, ZTP_ERR_INTERNAL, "cannot start a thread");
		goto fail;
	}
	a->started = true;
	*out = a;
	return 0;
fail:
	probe_free(a);
	return ZTP_ERR_INTERNAL;
}

void probe_stop(struct probe *a)
{
	pthread_mutex_lock(&a->lock);
	a->stopping = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

void probe_free(struct probe *a)
{
	int i;

	if (!a)
		return;
	if (a->started) {
		probe_stop(a);
		pthread_join(a->thread, NULL);
	}
	for (i = 0; i < STORE_TOPIC_END; i++)
		if (a->topics[i])
			rd_kafka_topic_destroy(a->topics[i]);
	if (a->rk)
		kafka_close(a->core, a->rk);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

void probe_again(struct probe *a)
{
	pthread_mutex_lock(&a->lock);
	a->probe_wanted = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

void probe_want_end_offsets(struct probe *a)
{
	pthread_mutex_lock(&a->lock);
	if (!a->ends_wanted) {
		a->ends_wanted = true;
		pthread_cond_signal(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
}

void probe_want_begins(struct probe *a)
{
	pthread_mutex_lock(&a->lock);
	a->begins_wanted = true;
	pthread_mutex_unlock(&a->lock);
	probe_want_end_offsets(a);
}

void probe_status_get(struct probe *a, struct probe_status *status)
{
	pthread_mutex_lock(&a->lock);
	*status = a->status;
	pthread_mutex_unlock(&a->lock);
}

bool probe_end_offsets_get(struct probe *a, int64_t since,
			   struct probe_end_offsets *ends)
{
	bool newer;

	pthread_mutex_lock(&a->lock);
	newer = a->ends.asked_at > since;
	if (newer)
		*ends = a->ends;
	pthread_mutex_unlock(&a->lock);
	return newer;
}
