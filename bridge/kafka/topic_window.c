#include "bridge/kafka/topic_window.h"

#include <stdlib.h>
#include <string.h>

void window_init(struct topic_window *window, enum store_topic topic)
{
	uint16_t i;

	memset(window, 0, sizeof(*window));
	window->topic = topic;
	window->ok = true;
	window->lane_count = 1;
	for (i = 0; i < WINDOW_SLOTS; i++)
		window->flights[i].next = (uint16_t)(i + 1);
	window->flights[WINDOW_SLOTS].next = WINDOW_SLOTS;
	window->flights[WINDOW_SLOTS].before = WINDOW_SLOTS;
}

void window_divide(struct topic_window *window, int partitions)
{
	memset(window->lanes, 0,
	       (size_t)window->lane_count * sizeof(*window->lanes));
	window->partitions = partitions;
	window->lane_count =
		partitions < WINDOW_LANES ? partitions : WINDOW_LANES;
	if (window->lane_count < 1)
		window->lane_count = 1;
	window->behind = window->served = window->keyless = 0;
	window->look_at = 0;
}

struct window_lane *window_lane(struct topic_window *window,
				const struct in_flight *flight)
{
	return &window->lanes[flight->lane];
}

void window_stand(struct topic_window *window, struct window_lane *lane,
		  bool stands)
{
	if (lane->stands == stands)
		return;
	lane->stands = stands;
	window->standing += stands ? lane->sent : -lane->sent;
	if (stands)
		window->standing_bytes += lane->sent_bytes;
	else
		window->standing_bytes -= lane->sent_bytes;
}

int window_alive(const struct topic_window *window)
{
	return window->busy - window->standing;
}

void window_clear(struct topic_window *window)
{
	struct in_flight *flight;

	while ((flight = window_first(window)) != NULL)
		window_release(window, flight);
}

/* A single record may be larger than the window. */
static bool has_room(const struct topic_window *window,
		     const struct window_lane *lane, size_t bytes)
{
	size_t alive = window->bytes - window->standing_bytes;

	if (window->free == WINDOW_SLOTS ||
	    window_alive(window) >= WINDOW_RECORDS ||
	    lane->busy >= WINDOW_SLOTS - window->busy)
		return false;
	if (window_alive(window) > 0 && alive + bytes > WINDOW_BYTES)
		return false;
	if (window->bytes == 0)
		return true;
	return window->bytes < 2 * WINDOW_BYTES &&
	       (lane->busy == 0 ||
		lane->bytes + bytes + window->bytes <= 2 * WINDOW_BYTES);
}

struct in_flight *window_take(struct topic_window *window, int lane,
			      size_t bytes)
{
	struct in_flight *ends = &window->flights[WINDOW_SLOTS];
	struct in_flight *flight = &window->flights[window->free];
	uint16_t index = window->free;

	if (!has_room(window, &window->lanes[lane], bytes))
		return NULL;
	window->free = flight->next;
	*flight = (struct in_flight){
		.phase = IN_FLIGHT_FRESH,
		.bytes = bytes,
		.lane = (uint16_t)lane,
		.next = WINDOW_SLOTS,
		.before = ends->before,
	};
	window->flights[ends->before].next = index;
	ends->before = index;
	window->busy++;
	window->waiting++;
	window->bytes += bytes;
	window->lanes[lane].busy++;
	window->lanes[lane].bytes += bytes;
	return flight;
}

bool window_is_full(const struct topic_window *window)
{
	return window->free == WINDOW_SLOTS ||
	       window_alive(window) >= WINDOW_RECORDS ||
	       window->bytes - window->standing_bytes >
		       WINDOW_BYTES - WINDOW_USUAL;
}

void window_release(struct topic_window *window, struct in_flight *flight)
{
	window_move(window, flight, IN_FLIGHT_FREE);
	window->flights[flight->before].next = flight->next;
	window->flights[flight->next].before = flight->before;
	window->busy--;
	window->bytes -= flight->bytes;
	window_lane(window, flight)->busy--;
	window_lane(window, flight)->bytes -= flight->bytes;
	window->unstored -= flight->unstored != NULL;
	free(flight->unstored);
	flight->unstored = NULL;
	flight->next = window->free;
	window->free = window_index(window, flight);
}

struct in_flight *window_first(struct topic_window *window)
{
	return window_next(window, &window->flights[WINDOW_SLOTS]);
}

struct in_flight *window_next(struct topic_window *window,
			      const struct in_flight *flight)
{
	return flight->next == WINDOW_SLOTS ? NULL
					    : &window->flights[flight->next];
}

uint16_t window_index(const struct topic_window *window,
		      const struct in_flight *flight)
{
	return (uint16_t)(flight - window->flights);
}

static bool is_waiting(enum in_flight_phase phase)
{
	return phase == IN_FLIGHT_FRESH || phase == IN_FLIGHT_READY;
}

static void count_sent(struct topic_window *window,
		       const struct in_flight *flight, bool sent)
{
	struct window_lane *lane = window_lane(window, flight);
	bool stands = lane->stands;

	/* What stands is counted with what is SENT. */
	window_stand(window, lane, false);
	if (sent) {
		window->sent++;
		lane->sent++;
		lane->sent_bytes += flight->bytes;
	} else {
		window->sent--;
		lane->sent--;
		lane->sent_bytes -= flight->bytes;
	}
	window_stand(window, lane, stands && lane->sent > 0);
}

void window_move(struct topic_window *window, struct in_flight *flight,
		 enum in_flight_phase phase)
{
	bool was = flight->phase == IN_FLIGHT_SENT;

	if (was != (phase == IN_FLIGHT_SENT))
		count_sent(window, flight, !was);
	window->waiting += is_waiting(phase) - is_waiting(flight->phase);
	flight->phase = phase;
}

static char *put(char *to, struct ztp_str *s)
{
	if (!s->p) /* a null value stays null */
		return to;
	if (s->n > 0)
		memcpy(to, s->p, s->n);
	s->p = to;
	return to + s->n;
}

struct unstored *unstored_new(const struct store_record *record)
{
	size_t size = record->key.n + record->value.n;
	size_t count = record->header_count, i;
	struct unstored *unstored;
	char *to;

	for (i = 0; i < count; i++)
		size += sizeof(*record->headers) + record->headers[i].value.n;
	unstored = malloc(sizeof(*unstored) + size);
	if (!unstored)
		return NULL;
	memset(unstored, 0, sizeof(*unstored));
	unstored->record = *record;
	unstored->record.headers = unstored->headers;
	to = put((char *)(unstored->headers + count), &unstored->record.key);
	to = put(to, &unstored->record.value);
	for (i = 0; i < count; i++) {
		unstored->headers[i] = record->headers[i];
		to = put(to, &unstored->headers[i].value);
	}
	return unstored;
}
