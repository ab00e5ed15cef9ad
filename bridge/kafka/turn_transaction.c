/*
 * A turn as a transaction: the calls of librdkafka, in the thread of their own.
 *
 * An error of a transaction is one of three: asking again may help, the
 * transaction has to be aborted, or the handle is of no use any more. That the
 * handle was fenced is of the last kind, and comes in several words: another
 * producer has taken the id, or Kafka has, because the transaction took longer
 * than its timeout.
 */
#include <stdio.h>
#include <string.h>

#include "bridge/kafka/kafka_acl.h"
#include "bridge/kafka/turn_internal.h"

#define ASK_MS 1000 /* at a time, so that it can be given up */

/* --- outcomes */

static bool is_fence(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR__FENCED ||
	       err == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
	       err == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

static void fail(struct turn_result *result, enum turn_outcome outcome,
		 const char *text)
{
	result->outcome = outcome;
	ztp_fail(&result->why,
		 outcome == TURN_FENCED ? ZTP_ERR_FENCED : ZTP_ERR_IO,
		 "kafka: %s", text);
}

/* The handle has failed for good: for what librdkafka said first. */
static void fail_for_good(struct turn_handle *h, struct turn_result *result,
			  const rd_kafka_error_t *error)
{
	char text[256] = "";
	rd_kafka_resp_err_t err =
		rd_kafka_fatal_error(h->rk, text, sizeof(text));

	if (!err)
		err = rd_kafka_error_code(error);
	if (!*text)
		snprintf(text, sizeof(text), "%s",
			 rd_kafka_error_string(error));
	fail(result, is_fence(err) ? TURN_FENCED : TURN_FAILED, text);
	if (err == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
		kafka_denied(&result->why, KAFKA_RIGHT_TRANSACT, h->id);
}

static bool is_given_up(const struct turn_handle *h)
{
	return h->quit || h->dropped;
}

/* Calls again while that may help. Returns NULL, or the error that the caller
 * destroys; it is retriable only if everything is being given up. */
static rd_kafka_error_t *insist(struct turn_handle *h,
				rd_kafka_error_t *(*call)(rd_kafka_t *rk,
							  int timeout_ms))
{
	rd_kafka_error_t *error = call(h->rk, ASK_MS);

	while (error && rd_kafka_error_is_retriable(error) && !is_given_up(h)) {
		rd_kafka_error_destroy(error);
		error = call(h->rk, ASK_MS);
	}
	return error;
}

/* --- the handle */

static void on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message,
			 void *core)
{
	struct turn_entry *entry = message->_private;

	(void)rk;
	(void)core;
	entry->err = message->err;
	entry->offset = message->offset;
	entry->written_at = rd_kafka_message_timestamp(message, NULL);
	/* See producer.c: one that was made up does not count. */
	if (!message->err && message->offset < 0)
		entry->err = RD_KAFKA_RESP_ERR__INCONSISTENT;
}

static int make_handle(struct turn_handle *h, struct turn_result *result)
{
	const struct kafka_wanted wanted = {
		.client = ZTP_KAFKA_TURN,
		.transactional_id = h->id,
		.transaction_timeout_ms = h->timeout_ms,
		.delivered = on_delivered,
	};
	int i;

	h->rk = kafka_new_as(h->core, &wanted, &result->why);
	if (!h->rk)
		return -1;
	for (i = 0; i < STORE_TOPIC_END; i++)
		h->topics[i] = rd_kafka_topic_new(
			h->rk,
			i == TURN_STATE
				? h->state_topic
				: kafka_topic(h->core, (enum store_topic)i),
			NULL);
	return 0;
}

/* A topic that is not known yet makes the first turn wait for up to a second.
 * One that it may not write to would be found by the first turn that has to. */
static void learn_topics(struct turn_handle *h, struct turn_result *result)
{
	const struct rd_kafka_metadata *md = NULL;
	int i;

	result->outcome = TURN_OPENED;
	if (rd_kafka_metadata(h->rk, 0, NULL, &md, ASK_MS) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (i = 0; i < md->topic_cnt; i++) {
		if (!kafka_is_denied(md->topics[i].err))
			continue;
		result->outcome = TURN_FAILED;
		kafka_denied(&result->why, KAFKA_RIGHT_WRITE_TOPIC,
			     md->topics[i].topic);
	}
	rd_kafka_metadata_destroy(md);
}

void turn_handle_open(struct turn_handle *h, struct turn_result *result)
{
	rd_kafka_error_t *error;

	turn_handle_close(h);
	if (make_handle(h, result) != 0) {
		result->outcome = TURN_FAILED;
		return;
	}
	error = insist(h, rd_kafka_init_transactions);
	if (error) {
		fail_for_good(h, result, error);
		rd_kafka_error_destroy(error);
		/* librdkafka goes on asking, and would fence somebody later. */
		if (h->dropped)
			turn_handle_close(h);
		return;
	}
	learn_topics(h, result);
}

/* Entries whose reports have not come are not reported any more. */
void turn_handle_close(struct turn_handle *h)
{
	int i;

	if (!h->rk)
		return;
	rd_kafka_purge(h->rk,
		       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	for (i = 0; i < STORE_TOPIC_END; i++) {
		if (h->topics[i])
			rd_kafka_topic_destroy(h->topics[i]);
		h->topics[i] = NULL;
	}
	kafka_close(h->core, h->rk);
	h->rk = NULL;
}

/* --- a turn */

/* The bytes stay the entry's, which lives until all is known of it. */
static rd_kafka_resp_err_t produce(struct turn_handle *h,
				   struct turn_entry *entry)
{
	char *key = entry->has_key ? entry->bytes : NULL;
	char *value = entry->has_value ? entry->bytes + entry->key_len : NULL;
	/* Whoever adds a partition to it takes no row away. */
	int part = entry->topic == TURN_STATE ? 0 : RD_KAFKA_PARTITION_UA;
	rd_kafka_resp_err_t err;

	entry->err = RD_KAFKA_RESP_ERR__IN_PROGRESS;
	err = rd_kafka_producev(
		h->rk, RD_KAFKA_V_RKT(h->topics[entry->topic]),
		RD_KAFKA_V_PARTITION(part), RD_KAFKA_V_KEY(key, entry->key_len),
		RD_KAFKA_V_VALUE(value, entry->value_len),
		RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_OPAQUE(entry),
		RD_KAFKA_V_HEADERS(entry->headers), RD_KAFKA_V_END);
	if (err)
		entry->err = err;
	else
		entry->headers = NULL; /* librdkafka's */
	return err;
}

static void flush(struct turn_handle *h)
{
	while (rd_kafka_flush(h->rk, ASK_MS) == RD_KAFKA_RESP_ERR__TIMED_OUT &&
	       !is_given_up(h))
		;
}

/* The queue is shorter than a turn may be. Rows are never at fault, and a turn that
 * waited for each of them would take longer than Kafka lets it. */
static void produce_all(struct turn_handle *h, struct turn_entry **entries,
			int count, bool apart)
{
	int i = 0;

	while (i < count && !is_given_up(h)) {
		rd_kafka_resp_err_t err = produce(h, entries[i]);

		if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
			rd_kafka_poll(h->rk, 10);
			continue;
		}
		if (err && err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
			return;
		i++;
		if (apart && entries[i - 1]->topic != TURN_STATE)
			flush(h);
	}
	flush(h);
}

/* Is it said of the record, or of the batch that it was in? */
static bool is_refusal(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
		return true;
	default:
		return false;
	}
}

static void see_row(const struct turn_entry *entry, struct turn_result *result)
{
	if (result->next == 0 || entry->offset < result->first)
		result->first = entry->offset;
	if (entry->offset >= result->next) {
		result->next = entry->offset + 1;
		result->written_at = entry->written_at;
	}
	if (entry->key_len == strlen(STATE_BIRTH_KEY) &&
	    memcmp(entry->bytes, STATE_BIRTH_KEY, entry->key_len) == 0)
		result->birth = entry->offset + 1;
}

/* What is purged is so because the transaction has failed already: with what, a
 * commit says, which cannot succeed any more. */
static rd_kafka_resp_err_t cause(struct turn_handle *h,
				 const struct turn_entry *entry)
{
	rd_kafka_error_t *error;
	rd_kafka_resp_err_t err = entry->err;

	if (err != RD_KAFKA_RESP_ERR__PURGE_QUEUE || is_given_up(h))
		return err;
	error = rd_kafka_commit_transaction(h->rk, ASK_MS);
	if (error)
		err = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	return err;
}

static bool is_silence(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ||
	       err == RD_KAFKA_RESP_ERR__TIMED_OUT ||
	       err == RD_KAFKA_RESP_ERR__TRANSPORT;
}

/* It is the topic that takes nothing, or Kafka. */
static void blame(struct turn_handle *h, const struct turn_entry *entry,
		  struct turn_result *result)
{
	const char *topic = rd_kafka_topic_name(h->topics[entry->topic]);
	rd_kafka_resp_err_t err = cause(h, entry);
	char text[384];

	snprintf(text, sizeof(text), "%.250s: %.100s", topic,
		 rd_kafka_err2str(err));
	fail(result, TURN_ABORTED, text);
	result->unanswered = is_silence(err);
	if (kafka_is_denied(err))
		kafka_denied(&result->why, KAFKA_RIGHT_WRITE_TOPIC, topic);
}

/* Said of what shared a transaction with the one that failed. */
static bool is_consequence(const struct turn_entry *entry)
{
	return entry->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
	       entry->err == RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED;
}

/* Of one that was refused the others' errors are a consequence. */
static void judge(struct turn_handle *h, struct turn_entry **entries, int count,
		  struct turn_result *result)
{
	const struct turn_entry *other = NULL;
	int i;

	for (i = 0; i < count; i++) {
		struct turn_entry *entry = entries[i];

		if (is_refusal(entry->err)) {
			if (result->refused_count++ == 0)
				result->refused = i;
		} else if (entry->err) {
			if (!other || is_consequence(other))
				other = entry;
		} else if (entry->topic == TURN_STATE) {
			see_row(entry, result);
		}
	}
	if (result->refused_count > 0) {
		result->outcome = TURN_REFUSED;
		ztp_fail(&result->why, ZTP_ERR_REFUSED, "kafka: %s",
			 rd_kafka_err2str(entries[result->refused]->err));
		if (entries[result->refused]->err ==
		    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
			result->why.code = ZTP_ERR_TOO_LARGE;
	} else if (other) {
		blame(h, other, result);
	} else {
		result->outcome = TURN_COMMITTED;
	}
}

/* Before the commit, while nobody has seen the rows. */
static void check_place(const struct turn_handle *h, int64_t at,
			struct turn_result *result)
{
	char text[128];

	if (at == TURN_ANYWHERE || result->outcome != TURN_COMMITTED ||
	    result->first == at)
		return;
	snprintf(text, sizeof(text),
		 "%.80s was written to by somebody else meanwhile",
		 h->state_topic);
	fail(result, TURN_ABORTED, text);
}

/* Keeps what the result says if that is done; else the handle has failed, and
 * why the turn had to be aborted says more of it than that. */
static void abort_turn(struct turn_handle *h, struct turn_result *result)
{
	rd_kafka_error_t *error = insist(h, rd_kafka_abort_transaction);
	struct ztp_error why = result->why;

	if (!error)
		return;
	fail_for_good(h, result, error);
	if (result->outcome == TURN_FAILED)
		result->why = why;
	rd_kafka_error_destroy(error);
}

static void commit_turn(struct turn_handle *h, struct turn_result *result)
{
	rd_kafka_error_t *error = insist(h, rd_kafka_commit_transaction);

	if (!error)
		return;
	if (rd_kafka_error_txn_requires_abort(error)) {
		fail(result, TURN_ABORTED, rd_kafka_error_string(error));
		abort_turn(h, result);
	} else {
		fail_for_good(h, result, error);
	}
	rd_kafka_error_destroy(error);
}

void turn_handle_send(struct turn_handle *h, struct turn_entry **entries,
		      int count, bool apart, int64_t at,
		      struct turn_result *result)
{
	rd_kafka_error_t *error;

	if (!h->rk) {
		fail(result, TURN_FAILED, "there is no producer");
		return;
	}
	error = rd_kafka_begin_transaction(h->rk);
	if (error) {
		fail_for_good(h, result, error);
		rd_kafka_error_destroy(error);
		return;
	}
	produce_all(h, entries, count, apart);
	judge(h, entries, count, result);
	check_place(h, at, result);
	if (result->outcome == TURN_COMMITTED)
		commit_turn(h, result);
	else
		abort_turn(h, result);
	/* Entries are the loop's again, so none may be in flight. */
	if (result->outcome == TURN_FENCED || result->outcome == TURN_FAILED)
		turn_handle_close(h);
}
