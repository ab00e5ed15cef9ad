/*
 * Records that are built from the journal and sent past the outbox: when they
 * may be, when they must move to it after all, and what of the journal has to be
 * kept for them.
 */
#include <stdlib.h>

#include "bridge/kafka/producer_internal.h"

#define UNSTORED_MS 1000 /* then an unstored record moves to the outbox */

/* False: Kafka accepts nothing now, or earlier records wait in the outbox. */
static bool may_pass_outbox(const struct producer *p,
			    const struct topic_window *window)
{
	return p->rk && !window->rewind &&
	       ztp_retry_due(&window->retry, p->core->now) &&
	       !store_outbox_after(p->store, window->topic, window->cursor);
}

/* If nothing is handed over for so long, Kafka has stopped, and the outbox has
 * to take what comes. */
bool producer_full(const struct producer *p, bool *soon)
{
	const struct topic_window *window = &p->windows[STORE_REQUESTS];
	bool full = window_is_full(window) && may_pass_outbox(p, window) &&
		    p->core->now - window->batch_wait < UNSTORED_MS;

	*soon = full && window->busy > window->sent + window->waiting;
	return full;
}

bool producer_take(struct producer *p, const struct store_record *record,
		   const struct journal_mark *from)
{
	struct topic_window *window = &p->windows[record->topic];
	struct unstored *unstored;
	struct in_flight *flight;
	int lane;

	if (!may_pass_outbox(p, window))
		return false;
	lane = producer_lane(p, window, record);
	if (window->lanes[lane].stands || window->lanes[lane].behind)
		return false;
	unstored = unstored_new(record);
	if (!unstored)
		return false;
	flight = window_take(window, lane, record->value.n + record->key.n);
	if (!flight) {
		free(unstored);
		return false;
	}
	unstored->from = *from;
	unstored->since = p->core->now;
	flight->unstored = unstored;
	flight->request = record->request;
	flight->keyless = producer_is_keyless(record);
	window->unstored++;
	p->unsettled++;
	return true;
}

/* The entry of the topic's oldest record that is nowhere but in the journal, or
 * NULL. */
static const struct journal_mark *oldest_unstored(struct topic_window *window)
{
	struct in_flight *flight =
		window->unstored > 0 ? window_first(window) : NULL;

	for (; flight; flight = window_next(window, flight))
		if (flight->unstored && flight->phase != IN_FLIGHT_DONE &&
		    flight->spilled == 0)
			return &flight->unstored->from;
	return NULL;
}

struct journal_mark producer_floor(struct producer *p,
				   const struct journal_mark *mark)
{
	struct journal_mark floor = *mark;
	const struct journal_mark *oldest;
	int topic;

	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		oldest = oldest_unstored(&p->windows[topic]);
		if (oldest && journal_before(oldest, &floor))
			floor = *oldest;
	}
	return floor;
}

/* Is it neither in the outbox nor at Kafka? */
static bool is_outside(const struct in_flight *flight)
{
	return flight->unstored && flight->phase != IN_FLIGHT_DONE &&
	       flight->spilled == 0;
}

/* This one and all that follow it. */
static int move_from(struct producer *p, struct topic_window *window,
		     struct in_flight *flight, struct ztp_error *error)
{
	int rc = 0;

	for (; flight && rc == 0; flight = window_next(window, flight)) {
		struct unstored *unstored = flight->unstored;

		if (!is_outside(flight))
			continue;
		rc = store_outbox_add(p->store, &unstored->record, error);
		flight->spilled = unstored->record.seq;
		p->unsettled++;
	}
	return rc;
}

int producer_move_to_outbox(struct producer *p, struct topic_window *window,
			    struct ztp_error *error)
{
	struct in_flight *flight = window_first(window);

	while (flight && !is_outside(flight))
		flight = window_next(window, flight);
	if (!flight || (flight->phase != IN_FLIGHT_FAILED && !window->rewind &&
			p->core->now - flight->unstored->since < UNSTORED_MS))
		return 0;
	return move_from(p, window, flight, error);
}

int producer_keep_order(struct producer *p, const struct store_record *record,
			struct ztp_error *error)
{
	struct topic_window *window = &p->windows[record->topic];
	struct in_flight *flight;
	int lane;

	if (window->unstored == 0 || producer_is_keyless(record))
		return 0;
	lane = producer_lane(p, window, record);
	for (flight = window_first(window); flight;
	     flight = window_next(window, flight))
		if (is_outside(flight) && !flight->keyless &&
		    flight->lane == lane)
			return move_from(p, window, window_first(window),
					 error);
	return 0;
}

void producer_settle_moved(struct topic_window *window,
			   struct in_flight *flight)
{
	if (flight->phase != IN_FLIGHT_SENT) {
		window_release(window, flight);
		return;
	}
	if (window->skip_to <= window->cursor) /* past earlier ones */
		window->skip_from = flight->spilled;
	flight->seq = window->skip_to = flight->spilled;
	flight->spilled = 0;
	free(flight->unstored);
	flight->unstored = NULL;
	window->unstored--;
}

/* The record's request no longer exists. If librdkafka has the record, we wait
 * for its report and ignore it. */
static void discard(struct topic_window *window, struct in_flight *flight)
{
	if (flight->phase != IN_FLIGHT_SENT) {
		window_release(window, flight);
		return;
	}
	free(flight->unstored);
	flight->unstored = NULL;
	flight->request = 0;
	window->unstored--;
}

void producer_rollback(struct producer *p, const struct journal_mark *mark)
{
	int topic;

	for (topic = 1; topic < STORE_TOPIC_END; topic++) {
		struct topic_window *window = &p->windows[topic];
		struct in_flight *flight, *next;

		for (flight = window_first(window); flight; flight = next) {
			next = window_next(window, flight);
			flight->spilled = 0;
			if (flight->unstored &&
			    !journal_before(&flight->unstored->from, mark))
				discard(window, flight);
		}
	}
}
