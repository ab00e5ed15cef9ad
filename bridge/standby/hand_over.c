/*
 * Handing over what this bridge has left in its journal.
 *
 * LOOKING for something behind the mark; WRITING it; WAITING until the state says
 * that it was taken; DONE, until the bridge has been active again. A record that
 * Kafka refuses must not be followed by one that it takes, because the mark would
 * pass over the first one. So each record says what it follows, the active bridge
 * leaves alone what follows nothing it knows of, and here everything is written
 * again, from the mark on, after a failure and when the position in ztp.journal
 * has passed all that was written and the mark has not. So it is when turns are
 * taken and the position does not move at all: Kafka may have removed what was
 * written before anybody read it, and then nothing passes it.
 */
#include "bridge/standby/hand_over.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "bridge/journal/journal_record.h"
#include "bridge/kafka/kafka.h"
#include "bridge/ledger/turns.h"
#include "ztp/retry.h"

#define LOOK_MS	   500	 /* between two looks at the mark */
#define FAILURE_MS 30000 /* between two lines in the log */
/* By the turns of whoever is active, until what it does not seem to find is written
 * again; doubled so often at most, which is 5 h. */
#define LOST_MS	     300000
#define LOST_DOUBLED 6

static const struct ztp_retry_pace pace = {.first_ms = 1000, .max_ms = 30000};

enum phase { LOOKING, WRITING, WAITING, DONE };

struct hand_over {
	struct core *core;
	const char *base; /* of the journal */
	char id[JOURNAL_ID_LEN];
	bool checked; /* against the mark, once in a process */
	enum phase phase;
	struct journal *journal;
	struct journal_mark next; /* read and given to librdkafka up to here */
	bool at_end;
	bool passed;	 /* by the position, and not by the mark: seen once */
	uint8_t *record; /* JOURNAL_RECORD_MAX */
	char *key;	 /* of all of them */
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	int in_flight;
	int64_t bytes;	/* in flight */
	int64_t offset; /* of the last one that Kafka has */
	int64_t count;	/* that Kafka has */
	/* Since when the position has been this one, by the newest time in the
	 * state; 0: not looked at yet. And how often that was too long. */
	int64_t position, stands_since;
	int lost;
	rd_kafka_resp_err_t err;
	struct ztp_retry retry;
	int64_t look_at;
	struct log_limit failures;
};

int hand_over_new(struct hand_over **out, struct core *core,
		  struct ztp_error *error)
{
	struct hand_over *h = calloc(1, sizeof(*h));
	int rc;

	if (!h)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	h->core = core;
	h->base = core->config->store.path;
	rc = journal_id(h->id, h->base, error);
	if (rc != 0) {
		free(h);
		return rc;
	}
	*out = h;
	return 0;
}

const char *hand_over_journal(const struct hand_over *h)
{
	return h->id;
}

static void close_files(struct hand_over *h)
{
	journal_close(h->journal);
	h->journal = NULL;
	free(h->record);
	free(h->key);
	h->record = NULL;
	h->key = NULL;
}

/* What is in flight may arrive or not. */
static void close_kafka(struct hand_over *h)
{
	if (h->topic)
		rd_kafka_topic_destroy(h->topic);
	if (h->rk)
		kafka_close_producer(h->rk);
	h->topic = NULL;
	h->rk = NULL;
	h->in_flight = 0;
	h->bytes = 0;
}

void hand_over_stop(struct hand_over *h)
{
	close_files(h);
	close_kafka(h);
	h->phase = LOOKING;
	h->retry = (struct ztp_retry){0};
	h->lost = 0;
}

void hand_over_free(struct hand_over *h)
{
	if (!h)
		return;
	hand_over_stop(h);
	free(h);
}

/* --- again, later */

static void put_off(struct hand_over *h)
{
	uint32_t random;

	ztp_random(&random, sizeof(random));
	close_files(h);
	close_kafka(h);
	h->phase = LOOKING;
	ztp_retry_failed(&h->retry, &pace, ztp_clock_boot(), random);
}

static void fail(struct hand_over *h, const struct ztp_error *why)
{
	uint64_t suppressed;

	put_off(h);
	if (log_every(&h->failures, FAILURE_MS, ztp_clock_boot(), &suppressed))
		log_warn(h->core->log, "journal_not_handed_over", LOG_WHY(why),
			 LOG_UINT("suppressed", suppressed));
}

/* --- the journal that the state knows */

/* All that these files have was taken before the mark went past their end. */
static int renew(struct hand_over *h, struct journal *journal,
		 struct ztp_error *error)
{
	char before[JOURNAL_ID_LEN];
	int rc;

	memcpy(before, h->id, sizeof(before));
	journal_remove(journal, JOURNAL_ALL);
	rc = journal_id_renew(h->id, h->base, error);
	if (rc == 0)
		log_warn(h->core->log, "journal_renewed",
			 LOG_STR("before", before), LOG_STR("journal", h->id),
			 LOG_STR("reason", "it ends before what the state "
					   "has of it"));
	return rc;
}

int hand_over_check(struct hand_over *h, struct store *store,
		    struct ztp_error *error)
{
	struct journal *journal = NULL;
	struct journal_mark mark;
	int rc;

	if (h->checked)
		return 0;
	rc = turns_mark_get(store, h->id, &mark, error);
	if (rc == 0)
		rc = journal_open_left(&journal, h->base, error);
	if (rc == 0)
		rc = journal_reaches(journal, &mark, error);
	if (rc == 0)
		rc = renew(h, journal, error);
	journal_close(journal);
	h->checked = rc >= 0;
	return rc < 0 ? rc : 0;
}

/* --- Kafka */

static void on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message,
			 void *core)
{
	struct hand_over *h = message->_private;

	(void)core;
	if (rk != h->rk)
		return; /* one that was given up */
	h->in_flight--;
	h->bytes -= (int64_t)message->len;
	if (message->err) {
		h->err = message->err;
	} else if (message->offset < 0) { /* see producer.c: made up */
		h->err = RD_KAFKA_RESP_ERR__INCONSISTENT;
	} else {
		h->offset = message->offset;
		h->count++;
	}
}

static char *make_key(const struct hand_over *h)
{
	const char *group = h->core->config->kafka.group;
	size_t size = strlen(group) + sizeof("/") + strlen(h->id);
	char *key = malloc(size);

	if (key)
		snprintf(key, size, "%s/%s", group, h->id);
	return key;
}

static int open_kafka(struct hand_over *h, struct ztp_error *error)
{
	const struct kafka_wanted wanted = {.client = ZTP_KAFKA_PRODUCER,
					    .delivered = on_delivered};

	h->record = malloc(JOURNAL_RECORD_MAX);
	h->key = make_key(h);
	if (!h->record || !h->key)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	h->rk = kafka_new_as(h->core, &wanted, error);
	if (!h->rk)
		return ZTP_ERR_INTERNAL;
	h->topic = rd_kafka_topic_new(
		h->rk, h->core->config->kafka.topics.journal, NULL);
	h->err = RD_KAFKA_RESP_ERR_NO_ERROR;
	h->count = 0;
	h->at_end = h->passed = false;
	h->phase = WRITING;
	return h->topic ? 0
			: ztp_fail(error, ZTP_ERR_INTERNAL, "kafka: no topic");
}

/* Returns 1, 0 if librdkafka has no room for it now, or a negative error. */
static int produce(struct hand_over *h, const struct journal_record *record,
		   struct ztp_error *error)
{
	size_t len = JOURNAL_RECORD_HEAD + record->len;
	rd_kafka_resp_err_t err;

	journal_record_head(h->record, record);
	memcpy(h->record + JOURNAL_RECORD_HEAD, record->entry, record->len);
	err = rd_kafka_producev(h->rk, RD_KAFKA_V_RKT(h->topic),
				RD_KAFKA_V_PARTITION(0),
				RD_KAFKA_V_KEY(h->key, strlen(h->key)),
				RD_KAFKA_V_VALUE(h->record, len),
				RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				RD_KAFKA_V_OPAQUE(h), RD_KAFKA_V_END);
	if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return 0;
	if (err)
		return ztp_fail(error, ZTP_ERR_IO, "kafka: %s",
				rd_kafka_err2str(err));
	h->in_flight++;
	h->bytes += (int64_t)len;
	return 1;
}

/* Returns 1 if there is more, 0, or a negative error. */
static int write_one(struct hand_over *h, struct ztp_error *error)
{
	struct journal_record record = {.before = h->next, .after = h->next};
	int rc = journal_read(h->journal, &record.after, &record.entry,
			      &record.len, error);

	h->at_end = rc == 0;
	if (rc <= 0)
		return rc;
	memcpy(record.journal, h->id, sizeof(record.journal));
	rc = produce(h, &record, error);
	if (rc == 1)
		h->next = record.after;
	return rc;
}

/* What was under way when a handle lost its numbers may never be reported. */
static int look_for_fatal(struct hand_over *h, struct ztp_error *error)
{
	char text[256] = "";

	return rd_kafka_fatal_error(h->rk, text, sizeof(text))
		       ? ztp_fail(error, ZTP_ERR_IO, "kafka: %s", text)
		       : 0;
}

static int write_some(struct hand_over *h, struct ztp_error *error)
{
	int rc = 1;

	while (rc > 0 && h->in_flight < HAND_OVER_RECORDS &&
	       h->bytes < HAND_OVER_BYTES)
		rc = write_one(h, error);
	rd_kafka_poll(h->rk, 0);
	if (h->err)
		rc = ztp_fail(error, ZTP_ERR_IO, "kafka: %s",
			      rd_kafka_err2str(h->err));
	return rc < 0 ? rc : look_for_fatal(h, error);
}

static void be_written(struct hand_over *h)
{
	log_info(h->core->log, "journal_handed_over", LOG_STR("journal", h->id),
		 LOG_INT("entries", h->count),
		 LOG_UINT("gaps", journal_gaps(h->journal)));
	close_kafka(h);
	h->phase = WAITING;
	h->look_at = h->stands_since = 0;
}

/* --- what is left */

/* Is there anything behind the mark? */
static int look(struct hand_over *h, struct store *store,
		struct ztp_error *error)
{
	struct journal_mark at;
	const void *bytes;
	size_t len;
	int rc = hand_over_check(h, store, error);

	if (rc == 0)
		rc = turns_mark_get(store, h->id, &h->next, error);
	if (rc == 0)
		rc = journal_open_left(&h->journal, h->base, error);
	if (rc != 0)
		return rc;
	journal_remove(h->journal, h->next.segment);
	at = h->next;
	rc = journal_read(h->journal, &at, &bytes, &len, error);
	if (rc == 0) {
		close_files(h);
		h->phase = DONE;
	}
	return rc > 0 ? open_kafka(h, error) : rc;
}

/* --- the state, which says what was taken */

static void look_for_lost(struct hand_over *h, int64_t position, int64_t newest)
{
	if (h->stands_since == 0 || position != h->position) {
		h->position = position;
		h->stands_since = newest;
	} else if (newest - h->stands_since >= (int64_t)LOST_MS << h->lost) {
		h->lost += h->lost < LOST_DOUBLED;
		put_off(h);
	}
}

/* Both are rows of one turn, but the copy may have only one of them yet. */
static void look_for_passed(struct hand_over *h, int64_t position,
			    int64_t newest)
{
	if (position <= h->offset) {
		look_for_lost(h, position, newest);
		return;
	}
	if (h->passed)
		put_off(h);
	h->passed = true;
}

static int await(struct hand_over *h, struct store *store,
		 struct ztp_error *error)
{
	struct journal_mark mark;
	int64_t next;
	int rc = turns_mark_get(store, h->id, &mark, error);

	if (rc == 0)
		rc = turns_taken_get(store, &next, error);
	if (rc != 0)
		return rc;
	if (!journal_before(&mark, &h->next)) {
		journal_remove(h->journal, mark.segment);
		close_files(h);
		h->phase = DONE;
	} else {
		look_for_passed(h, next, store_newest(store));
	}
	return 0;
}

static int work(struct hand_over *h, struct store *store,
		struct ztp_error *error)
{
	switch (h->phase) {
	case LOOKING:
		return look(h, store, error);
	case WRITING:
		return write_some(h, error);
	case WAITING:
		return await(h, store, error);
	case DONE:
		break;
	}
	return 0;
}

void hand_over_turn(struct hand_over *h, struct store *store)
{
	struct ztp_error error = {0};
	int64_t now = ztp_clock_boot();

	if (h->phase == DONE ||
	    (h->phase == LOOKING && !ztp_retry_due(&h->retry, now)) ||
	    (h->phase == WAITING && now < h->look_at))
		return;
	h->look_at = now + LOOK_MS;
	if (work(h, store, &error) != 0)
		fail(h, &error);
	else if (h->phase == WRITING && h->at_end && h->in_flight == 0)
		be_written(h);
}
