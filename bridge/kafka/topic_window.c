#include "bridge/kafka/topic_window.h"

#include <stdlib.h>
#include <string.h>

void window_init(struct topic_window *window, enum store_topic topic)
{
	uint16_t i;

	memset(window, 0, sizeof(*window));
	window->topic = topic;
	window->ok = true;
	for (i = 0; i < WINDOW_RECORDS; i++)
		window->flights[i].next = (uint16_t)(i + 1);
	window->flights[WINDOW_RECORDS].next = WINDOW_RECORDS;
	window->flights[WINDOW_RECORDS].before = WINDOW_RECORDS;
}

void window_clear(struct topic_window *window)
{
	struct in_flight *flight;

	while ((flight = window_first(window)) != NULL)
		window_release(window, flight);
}

struct in_flight *window_take(struct topic_window *window, size_t bytes)
{
	struct in_flight *ends = &window->flights[WINDOW_RECORDS];
	struct in_flight *flight = &window->flights[window->free];
	uint16_t index = window->free;

	/* A single record may be larger than the window. */
	if (index == WINDOW_RECORDS ||
	    (window->busy > 0 && window->bytes + bytes > WINDOW_BYTES))
		return NULL;
	window->free = flight->next;
	*flight = (struct in_flight){
		.phase = IN_FLIGHT_FRESH,
		.bytes = bytes,
		.next = WINDOW_RECORDS,
		.before = ends->before,
	};
	window->flights[ends->before].next = index;
	ends->before = index;
	window->busy++;
	window->waiting++;
	window->bytes += bytes;
	return flight;
}

bool window_is_full(const struct topic_window *window)
{
	return window->free == WINDOW_RECORDS ||
	       window->bytes > WINDOW_BYTES - WINDOW_USUAL;
}

void window_release(struct topic_window *window, struct in_flight *flight)
{
	window_move(window, flight, IN_FLIGHT_FREE);
	window->flights[flight->before].next = flight->next;
	window->flights[flight->next].before = flight->before;
	window->busy--;
	window->bytes -= flight->bytes;
	window->unstored -= flight->unstored != NULL;
	free(flight->unstored);
	flight->unstored = NULL;
	flight->next = window->free;
	window->free = window_index(window, flight);
}

struct in_flight *window_first(struct topic_window *window)
{
	return window_next(window, &window->flights[WINDOW_RECORDS]);
}

struct in_flight *window_next(struct topic_window *window,
			      const struct in_flight *flight)
{
	return flight->next == WINDOW_RECORDS ? NULL
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

void window_move(struct topic_window *window, struct in_flight *flight,
		 enum in_flight_phase phase)
{
	window->sent +=
		(phase == IN_FLIGHT_SENT) - (flight->phase == IN_FLIGHT_SENT);
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
