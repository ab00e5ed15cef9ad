#include "tools/serve/feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "tools/common/cli.h"
#include "tools/common/tail.h"
#include "ztp/topics.h"

#define QUEUE_MAX   1024
#define QUEUE_BYTES (8 * 1024 * 1024) /* and the record with which it is full */
#define WAIT_MS	    100

struct feed {
	const char *topic;
	int wake;
	rd_kafka_t *consumer; /* the thread's */
	struct ztp_tail *tail;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t room;
	rd_kafka_message_t *queue[QUEUE_MAX];
	size_t first, count, bytes;
	bool at_end, caught_up, stop, told_missing, away, missing, ended;
	int64_t moved; /* ms: when a record last came or went */
};

static void wake_owner(const struct feed *feed)
{
	const uint64_t one = 1;

	/* It cannot block: the owner reads it to zero. */
	if (write(feed->wake, &one, sizeof(one)) < 0)
		return;
}

static size_t size_of(const rd_kafka_message_t *message)
{
	return message->len + message->key_len;
}

static bool is_full(const struct feed *feed)
{
	return feed->count == QUEUE_MAX || feed->bytes >= QUEUE_BYTES;
}

static void pass_on(struct feed *feed, rd_kafka_message_t *message)
{
	pthread_mutex_lock(&feed->lock);
	while (is_full(feed) && !feed->stop)
		pthread_cond_wait(&feed->room, &feed->lock);
	if (feed->stop) {
		rd_kafka_message_destroy(message);
	} else {
		feed->queue[(feed->first + feed->count) % QUEUE_MAX] = message;
		feed->count++;
		feed->bytes += size_of(message);
		feed->moved = ztp_clock_boot();
	}
	pthread_mutex_unlock(&feed->lock);
	wake_owner(feed);
}

/* Is it to go on? */
static bool note_end(struct feed *feed)
{
	bool at_end = ztp_tail_at_end(feed->tail), first, goes_on;

	pthread_mutex_lock(&feed->lock);
	first = at_end && !feed->at_end;
	feed->at_end = feed->at_end || at_end;
	feed->away = ztp_tail_away(feed->tail);
	feed->missing = ztp_tail_missing(feed->tail);
	goes_on = !feed->stop;
	pthread_mutex_unlock(&feed->lock);
	if (first)
		wake_owner(feed);
	if (ztp_tail_missing(feed->tail) && !feed->told_missing) {
		feed->told_missing = true;
		ztp_cli_warn(ZTP_APPROVER,
			     "%s does not exist or may not be read; waiting",
			     feed->topic);
	}
	return goes_on;
}

static void drain(struct feed *feed)
{
	rd_kafka_message_t *message;

	while ((message = feed_take(feed)))
		rd_kafka_message_destroy(message);
}

/* It ends its consumer itself, which takes seconds if no broker answers. */
static void *run(void *arg)
{
	struct feed *feed = arg;

	do {
		rd_kafka_message_t *message =
			ztp_tail_next(feed->tail, WAIT_MS);

		if (message)
			pass_on(feed, message);
	} while (note_end(feed));
	drain(feed);
	(void)ztp_kafka_consumer_end(feed->consumer);
	feed->consumer = NULL;
	pthread_mutex_lock(&feed->lock);
	feed->ended = true;
	pthread_mutex_unlock(&feed->lock);
	wake_owner(feed);
	return NULL;
}

struct feed *feed_new(const struct feed_settings *settings,
		      struct ztp_error *error)
{
	const struct ztp_kafka_consumer how = {
		.group = settings->group,
		.eof = true,
	};
	struct feed *made = calloc(1, sizeof(*made));

	if (!made) {
		(void)ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->room, NULL);
	made->topic = settings->topic;
	made->wake = settings->wake;
	made->moved = ztp_clock_boot();
	made->consumer = ztp_kafka_consumer(settings->brokers, settings->props,
					    &how, error);
	if (!made->consumer)
		goto failed;
	made->tail = ztp_tail_new(made->consumer, &made->topic, 1, true);
	if (!made->tail ||
	    pthread_create(&made->thread, NULL, run, made) != 0) {
		(void)ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		goto failed;
	}
	made->started = true;
	return made;
failed:
	feed_free(made);
	return NULL;
}

rd_kafka_message_t *feed_take(struct feed *feed)
{
	rd_kafka_message_t *message = NULL;

	pthread_mutex_lock(&feed->lock);
	if (feed->count) {
		message = feed->queue[feed->first];
		feed->first = (feed->first + 1) % QUEUE_MAX;
		if (is_full(feed))
			pthread_cond_signal(&feed->room);
		feed->count--;
		feed->bytes -= size_of(message);
		feed->moved = ztp_clock_boot();
	}
	pthread_mutex_unlock(&feed->lock);
	return message;
}

bool feed_caught_up(struct feed *feed)
{
	bool is;

	pthread_mutex_lock(&feed->lock);
	feed->caught_up = feed->caught_up || (feed->at_end && !feed->count);
	is = feed->caught_up;
	pthread_mutex_unlock(&feed->lock);
	return is;
}

static bool read_flag(struct feed *feed, const bool *flag)
{
	bool is;

	pthread_mutex_lock(&feed->lock);
	is = *flag;
	pthread_mutex_unlock(&feed->lock);
	return is;
}

bool feed_is_away(struct feed *feed)
{
	return read_flag(feed, &feed->away);
}

bool feed_is_missing(struct feed *feed)
{
	return read_flag(feed, &feed->missing);
}

bool feed_is_stuck(struct feed *feed)
{
	bool stuck;

	pthread_mutex_lock(&feed->lock);
	stuck = !feed->at_end && !feed->count &&
		ztp_clock_boot() - feed->moved >= FEED_STUCK_MS;
	pthread_mutex_unlock(&feed->lock);
	return stuck;
}

void feed_stop(struct feed *feed)
{
	if (!feed)
		return;
	pthread_mutex_lock(&feed->lock);
	feed->stop = true;
	pthread_cond_signal(&feed->room);
	pthread_mutex_unlock(&feed->lock);
}

bool feed_has_ended(struct feed *feed)
{
	return read_flag(feed, &feed->ended);
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	feed_stop(feed);
	if (feed->started)
		pthread_join(feed->thread, NULL);
	ztp_tail_free(feed->tail);
	(void)ztp_kafka_consumer_end(feed->consumer);
	pthread_cond_destroy(&feed->room);
	pthread_mutex_destroy(&feed->lock);
	free(feed);
}
