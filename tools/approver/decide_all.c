/*
 * ztp-approver decide --all: one decision for each request that is open and that
 * --match matches. The topic of requests is read to its end (chosen.h), then all
 * decisions are sent, then their results are waited for; the topic of results is
 * looked at before the first one is sent, so none is missed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tools/approver/chosen.h"
#include "tools/approver/ended.h"
#include "tools/approver/outcome.h"
#include "tools/approver/send.h"
#include "tools/common/cli.h"
#include "tools/common/tail.h"
#include "ztp/codec.h"

#define WAIT_MS	 100
#define FLUSH_MS 1000

struct sent {
	uint64_t topic; /* a hash of its name */
	int32_t partition;
	int64_t offset;
	bool has_result;
};

struct all {
	const struct options *options;
	struct ztp_id_set *ended;
	struct chosen chosen;
	struct outcomes *outcomes; /* NULL: results are not waited for */
	rd_kafka_t *producer;	   /* NULL: a dry run */
	struct sent *sent;	   /* owned; the stored ones in front */
	size_t count, stored, room;
	int failures; /* not stored */
};

static bool is_over(int64_t deadline)
{
	return ztp_cli_stopped() || ztp_clock_boot() >= deadline;
}

static uint64_t hash_of(struct ztp_str topic)
{
	return ztp_fnv1a(ZTP_FNV1A, topic.p, topic.n);
}

/* Called from rd_kafka_poll and rd_kafka_flush, in this thread. */
static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message,
			void *opaque)
{
	const char *topic = rd_kafka_topic_name(message->rkt);
	struct all *all = opaque;

	(void)producer;
	if (message->err) {
		ztp_cli_warn(PROGRAM, "%s: %s", topic,
			     rd_kafka_err2str(message->err));
		all->failures++;
		return;
	}
	all->sent[all->stored++] = (struct sent){
		.topic = hash_of(ztp_str_of(topic)),
		.partition = message->partition,
		.offset = message->offset,
	};
}

/* --- sending */

static bool make_room(struct all *all)
{
	size_t room = all->room ? 2 * all->room : 64;
	struct sent *larger;

	if (all->count < all->room)
		return true;
	larger = realloc(all->sent, room * sizeof(*larger));
	if (!larger)
		return false;
	all->sent = larger;
	all->room = room;
	return true;
}

/* A chosen_visit. */
static int decide(void *arg, const struct ztp_ask *ask, struct ztp_error *error)
{
	char line[ANSWER_LINE_MAX];
	struct ztp_answer answer;
	struct all *all = arg;
	int rc = 0;

	if (ztp_cli_stopped())
		return ztp_fail(error, ZTP_ERR_IO,
				"interrupted: not all decisions are sent");
	answer_by_hand(&answer, all->options);
	if (!make_room(all))
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	while (all->producer &&
	       (rc = send_answer(all->producer, all->options, ask, &answer,
				 NULL, error)) == ZTP_ERR_FULL &&
	       !ztp_cli_stopped())
		rd_kafka_poll(all->producer, WAIT_MS);
	if (rc && rc != ZTP_ERR_REFUSED && rc != ZTP_ERR_TOO_LARGE)
		return rc;
	all->count++;
	if (rc) { /* its topic and its size are nobody else's */
		ztp_cli_warn(PROGRAM, "request %s: %s", ask->request_id,
			     error->message);
		all->failures++;
		return 0;
	}
	answer_line(line, ask, ztp_answer_verdict(&answer), answer.rule);
	if (fputs(line, stdout) < 0)
		return ztp_fail(error, ZTP_ERR_IO, "stdout cannot be written");
	if (all->producer)
		rd_kafka_poll(all->producer, 0);
	return 0;
}

static int send_all(struct all *all, struct ztp_error *error)
{
	int rc = chosen_each(&all->chosen, decide, all, error);

	while (all->producer && !ztp_cli_stopped() &&
	       rd_kafka_flush(all->producer, FLUSH_MS) != 0)
		;
	if (fflush(stdout) != 0 && !rc)
		rc = ztp_fail(error, ZTP_ERR_IO, "stdout cannot be written");
	return rc;
}

/* --- choosing */

/* Takes a record of the topic of requests. */
static int take(struct all *all, const rd_kafka_message_t *message,
		struct ztp_error *error)
{
	int64_t now = ztp_clock_wall();
	const struct announced where = {
		.partition = message->partition,
		.at = rd_kafka_message_timestamp(message, NULL),
	};
	struct ztp_answer matched = {.leave = true};
	struct ztp_ask ask;

	if (ztp_ask_parse(&ask, message->payload, message->len, NULL) != 0)
		return 0;
	if (!ended_is(all->ended, all->options, &ask, now))
		ztp_rules_decide(&matched, &all->options->rules, &ask, now);
	return chosen_note(&all->chosen, &ask, &where, !matched.leave)
		       ? 0
		       : ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

static int choose_all(struct all *all, struct ztp_tail *tail, int64_t deadline,
		      struct ztp_error *error)
{
	int rc = 0;

	while (!rc && !ztp_tail_at_end(tail)) {
		rd_kafka_message_t *message = NULL;

		/* First, and not only when there is no record: a topic may be
		 * long, and written to meanwhile. */
		if (is_over(deadline))
			rc = ztp_fail(error, ZTP_ERR_IO,
				      "%s%s was not read to its end",
				      ztp_cli_stopped() ? "interrupted: " : "",
				      all->options->requests);
		else
			message = ztp_tail_next(tail, WAIT_MS);
		if (message) {
			rc = take(all, message, error);
			rd_kafka_message_destroy(message);
		}
	}
	return rc;
}

/* --- results */

static int compare(const void *a, const void *b)
{
	const struct sent *x = a, *y = b;

	if (x->topic != y->topic)
		return x->topic < y->topic ? -1 : 1;
	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool is_mine(void *opaque, struct ztp_str topic, int32_t partition,
		    int64_t offset)
{
	const struct sent key = {.topic = hash_of(topic),
				 .partition = partition,
				 .offset = offset};
	struct all *all = opaque;
	struct sent *found =
		bsearch(&key, all->sent, all->stored, sizeof(key), compare);

	if (!found || found->has_result)
		return false;
	found->has_result = true;
	return true;
}

/* The worst of all outcomes: none beats another one than was asked for. */
static int wait_all(struct all *all)
{
	int64_t deadline = ztp_clock_boot() + all->options->timeout_s * 1000;
	int worst = ZTP_EXIT_OK;

	qsort(all->sent, all->stored, sizeof(*all->sent), compare);
	for (size_t i = 0; i < all->stored && worst != EXIT_NO_RESULT; i++) {
		int rc = outcomes_next(all->outcomes, is_mine, all, deadline);

		if (rc == ZTP_EXIT_FAILED)
			return rc;
		if (rc > worst)
			worst = rc;
	}
	return worst;
}

/* --- the command */

static int prepare(struct all *all, rd_kafka_t **consumer, int64_t deadline,
		   struct ztp_error *error)
{
	const struct options *options = all->options;
	const struct ztp_kafka_consumer how = {
		.group = options->group,
		.eof = true,
	};

	*consumer = ztp_kafka_consumer(options->brokers, &options->props, &how,
				       error);
	if (!*consumer)
		return error->code;
	all->ended = ended_load(options, deadline, error);
	if (!all->ended)
		return error->code;
	if (options->dry_run)
		return 0;
	all->producer = ztp_kafka_producer(options->brokers, &options->props,
					   (int)options->timeout_s * 1000,
					   on_delivery, all, error);
	if (!all->producer)
		return error->code;
	if (options->no_wait)
		return 0;
	all->outcomes = outcomes_open(options, deadline, error);
	return all->outcomes ? 0 : error->code;
}

static int decide_all(struct all *all, rd_kafka_t *consumer, int64_t deadline)
{
	struct ztp_error error;
	struct ztp_tail *tail =
		ztp_tail_new(consumer, &all->options->requests, 1, true);
	int rc = tail ? choose_all(all, tail, deadline, &error)
		      : ztp_fail(&error, ZTP_ERR_NOMEM, "out of memory");

	ztp_tail_free(tail);
	if (!rc)
		rc = send_all(all, &error);
	if (rc)
		(void)report(&error);
	else if (!all->count)
		ztp_cli_warn(PROGRAM, "no open request matches");
	if (all->producer && all->stored + (size_t)all->failures < all->count)
		ztp_cli_warn(PROGRAM,
			     "interrupted: of %zu decisions %zu are stored; "
			     "Kafka may have others, or not",
			     all->count, all->stored);
	if (rc || all->failures || (all->producer && all->stored < all->count))
		return ZTP_EXIT_FAILED;
	return all->outcomes ? wait_all(all) : ZTP_EXIT_OK;
}

int decide_all_command(const struct options *options)
{
	int64_t deadline = ztp_clock_boot() + options->timeout_s * 1000;
	struct all all = {.options = options};
	rd_kafka_t *consumer = NULL;
	struct ztp_error error;
	int rc = ZTP_EXIT_OK;

	if (prepare(&all, &consumer, deadline, &error) != 0)
		rc = report(&error);
	else
		rc = decide_all(&all, consumer, deadline);
	outcomes_close(all.outcomes);
	ztp_kafka_producer_end(all.producer);
	(void)ztp_kafka_consumer_end(consumer);
	ztp_id_set_free(all.ended);
	chosen_clear(&all.chosen);
	free(all.sent);
	return rc;
}
