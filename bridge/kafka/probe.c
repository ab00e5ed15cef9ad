#include "bridge/kafka/probe.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/kafka/kafka.h"

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
	struct probe_end_offsets learned;

	pthread_mutex_t lock; /* guards all members below */
	pthread_cond_t changed;
	bool stopping, probe_wanted, ends_wanted;
	struct probe_status status;
	struct probe_end_offsets ends;
};

static const char *topic_name(const struct probe *p, int i)
{
	const struct config_topics *t = &p->core->config->kafka.topics;
	const char *const names[5] = {t->decisions, t->requests, t->results,
				      t->dlq, t->audit};

	return names[i];
}

/* --- queries: the probe's thread */

/* Creates the topics; one that exists is no error. Blocks. */
static void create_topics(struct probe *p)
{
	rd_kafka_NewTopic_t *topics[5];
	rd_kafka_queue_t *queue = rd_kafka_queue_new(p->rk);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(
		p->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	const rd_kafka_topic_result_t **results;
	rd_kafka_event_t *event;
	char text[256];
	size_t i, made = 0, n = 0;

	for (i = 0; i < 5; i++) {
		topics[made] = rd_kafka_NewTopic_new(topic_name(p, (int)i), -1,
						     -1, text, sizeof(text));
		if (topics[made])
			made++;
	}
	rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_MS, text,
						  sizeof(text));
	rd_kafka_CreateTopics(p->rk, topics, made, options, queue);
	event = rd_kafka_queue_poll(queue, 2 * ANSWER_MS);
	if (event && rd_kafka_event_error(event))
		log_warn(p->core->log, "kafka_create_failed",
			 LOG_STR("error", rd_kafka_event_error_string(event)));
	results = event ? rd_kafka_CreateTopics_result_topics(
				  rd_kafka_event_CreateTopics_result(event), &n)
			: NULL;
	for (i = 0; results && i < n; i++) {
		rd_kafka_resp_err_t err =
			rd_kafka_topic_result_error(results[i]);

		if (err && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			log_warn(p->core->log, "kafka_create_failed",
				 LOG_STR("topic", rd_kafka_topic_result_name(
							  results[i])),
				 LOG_STR("error", rd_kafka_err2str(err)));
		else if (!err)
			log_info(p->core->log, "kafka_topic_created",
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

static void read_metadata(struct probe *p, const rd_kafka_metadata_t *md,
			  struct probe_status *status)
{
	int i, k;

	for (i = 0; i < STORE_TOPIC_END; i++) {
		const rd_kafka_metadata_topic_t *topic = NULL;

		for (k = 0; k < md->topic_cnt; k++)
			if (strcmp(md->topics[k].topic, topic_name(p, i)) == 0)
				topic = &md->topics[k];
		if (topic && i == STORE_DECISIONS && !topic->err)
			status->partitions = topic->partition_cnt;
		if ((!topic || is_missing(topic->err)) && !*status->missing)
			snprintf(status->missing, sizeof(status->missing), "%s",
				 topic_name(p, i));
	}
}

static void probe(struct probe *p, struct probe_status *status)
{
	const rd_kafka_metadata_t *md = NULL;
	rd_kafka_resp_err_t err;

	memset(status, 0, sizeof(*status));
	status->asked_at = ztp_clock_steady(&p->core->clock);
	/* Asks about the topics that this handle knows: the five of
	 * open_topics. */
	err = rd_kafka_metadata(p->rk, 0, NULL, &md, ANSWER_MS);
	if (err)
		return;
	status->up = true;
	read_metadata(p, md, status);
	rd_kafka_metadata_destroy(md);
	if (*status->missing && p->core->config->kafka.create_topics)
		create_topics(p);
}

static bool query_ends(struct probe *p, int partitions,
		       struct probe_end_offsets *ends)
{
	int i;

	ends->asked_at = ztp_clock_steady(&p->core->clock);
	ends->count = partitions;
	if (partitions <= 0 || partitions > PROBE_PARTITIONS_MAX)
		return false;
	for (i = 0; i < partitions; i++) {
		int64_t low, high;

		if (rd_kafka_query_watermark_offsets(p->rk, topic_name(p, 0), i,
						     &low, &high, ANSWER_MS))
			return false;
		ends->ends[i] = high;
	}
	return true;
}

static void wait_until(struct probe *p, int64_t ms)
{
	struct timespec at = ztp_clock_after(CLOCK_MONOTONIC, ms);

	pthread_cond_timedwait(&p->changed, &p->lock, &at);
}

static void wake(struct probe *p)
{
	uint64_t one = 1;

	if (write(p->wake_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full, so the loop is awake */
}

static void probe_topics(struct probe *p)
{
	struct probe_status status;

	probe(p, &status);
	p->next_probe =
		ztp_clock_boot() +
		(status.up && !*status.missing ? PROBE_MS : PROBE_DOWN_MS);
	pthread_mutex_lock(&p->lock);
	p->status = status;
	pthread_mutex_unlock(&p->lock);
	wake(p); /* last, because the loop reads the status at once */
}

static void probe_ends(struct probe *p)
{
	struct probe_status status;
	bool ok;

	probe(p, &status); /* there may be more partitions now */
	ok = query_ends(p, status.partitions, &p->learned);
	p->next_ends = ztp_clock_boot() + (ok ? ENDS_PAUSE_MS : PROBE_DOWN_MS);
	pthread_mutex_lock(&p->lock);
	p->status = status;
	if (ok)
		p->ends = p->learned;
	else
		p->ends_wanted = true;
	pthread_mutex_unlock(&p->lock);
	wake(p);
}

typedef void probe_round(struct probe *p);

/* Returns what to do now, or NULL and in *next when to look again. Clears the
 * request for it: a new request means once more. */
static probe_round *next_round(struct probe *p, int64_t now, int64_t *next)
{
	if (p->probe_wanted || now >= p->next_probe) {
		p->probe_wanted = false;
		return probe_topics;
	}
	if (p->ends_wanted && now >= p->next_ends) {
		p->ends_wanted = false;
		return probe_ends;
	}
	*next = p->next_probe;
	if (p->ends_wanted && p->next_ends < *next)
		*next = p->next_ends;
	return NULL;
}

static void *run(void *arg)
{
	struct probe *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->stopping) {
		int64_t now = ztp_clock_boot(), next;
		probe_round *round = next_round(p, now, &next);

		if (!round) {
			wait_until(p, next > now ? next - now : 1);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		round(p);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* --- the loop's side */

static int open_topics(struct probe *p)
{
	int i;

	for (i = 0; i < 5; i++) {
		p->topics[i] =
			rd_kafka_topic_new(p->rk, topic_name(p, i), NULL);
		if (!p->topics[i])
			return -1;
	}
	return 0;
}

int probe_new(struct probe **out, struct core *core, int wake_fd,
	      struct ztp_error *error)
{
	struct probe *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	if (!p)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	p->core = core;
	p->wake_fd = wake_fd;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	p->rk = kafka_new(core, RD_KAFKA_PRODUCER, defaults, fixed, 0, error);
	if (!p->rk)
		goto fail;
	if (open_topics(p) != 0 ||
	    pthread_create(&p->thread, NULL, run, p) != 0) {
		ztp_fail(error, ZTP_ERR_INTERNAL, "cannot start a thread");
		goto fail;
	}
	p->started = true;
	*out = p;
	return 0;
fail:
	probe_free(p);
	return ZTP_ERR_INTERNAL;
}

void probe_stop(struct probe *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

void probe_free(struct probe *p)
{
	int i;

	if (!p)
		return;
	if (p->started) {
		probe_stop(p);
		pthread_join(p->thread, NULL);
	}
	for (i = 0; i < 5; i++)
		if (p->topics[i])
			rd_kafka_topic_destroy(p->topics[i]);
	if (p->rk)
		rd_kafka_destroy(p->rk);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void probe_again(struct probe *p)
{
	pthread_mutex_lock(&p->lock);
	p->probe_wanted = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

void probe_want_end_offsets(struct probe *p)
{
	pthread_mutex_lock(&p->lock);
	if (!p->ends_wanted) {
		p->ends_wanted = true;
		pthread_cond_signal(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
}

void probe_status_get(struct probe *p, struct probe_status *status)
{
	pthread_mutex_lock(&p->lock);
	*status = p->status;
	pthread_mutex_unlock(&p->lock);
}

bool probe_end_offsets_get(struct probe *p, int64_t since,
			   struct probe_end_offsets *ends)
{
	bool newer;

	pthread_mutex_lock(&p->lock);
	newer = p->ends.asked_at > since;
	if (newer)
		*ends = p->ends;
	pthread_mutex_unlock(&p->lock);
	return newer;
}
