#include "bridge/kafka/lane.h"

#include <stdlib.h>
#include <string.h>

void lane_init(struct lane *lane, enum store_topic topic)
{
	uint16_t i;

	memset(lane, 0, sizeof(*lane));
	lane->topic = topic;
	for (i = 0; i < LANE_WINDOW; i++)
		lane->flights[i].next = (uint16_t)(i + 1);
	lane->flights[LANE_WINDOW].next = LANE_WINDOW;
	lane->flights[LANE_WINDOW].before = LANE_WINDOW;
}

void lane_clear(struct lane *lane)
{
	struct flight *flight;

	while ((flight = lane_first(lane)) != NULL)
		lane_release(lane, flight);
}

struct flight *lane_take(struct lane *lane, size_t bytes)
{
	struct flight *ends = &lane->flights[LANE_WINDOW];
	struct flight *flight = &lane->flights[lane->free];
	uint16_t index = lane->free;

	/* One alone may be larger than the window, and has its turn. */
	if (index == LANE_WINDOW ||
	    (lane->busy > 0 && lane->bytes + bytes > LANE_WINDOW_BYTES))
		return NULL;
	lane->free = flight->next;
	*flight = (struct flight){
		.phase = FLIGHT_FRESH,
		.bytes = bytes,
		.next = LANE_WINDOW,
		.before = ends->before,
	};
	lane->flights[ends->before].next = index;
	ends->before = index;
	lane->busy++;
	lane->waiting++;
	lane->bytes += bytes;
	return flight;
}

void lane_release(struct lane *lane, struct flight *flight)
{
	lane_move(lane, flight, FLIGHT_FREE);
	lane->flights[flight->before].next = flight->next;
	lane->flights[flight->next].before = flight->before;
	lane->busy--;
	lane->bytes -= flight->bytes;
	lane->parcels -= flight->parcel != NULL;
	free(flight->parcel);
	flight->parcel = NULL;
	flight->next = lane->free;
	lane->free = lane_index(lane, flight);
}

struct flight *lane_first(struct lane *lane)
{
	return lane_next(lane, &lane->flights[LANE_WINDOW]);
}

struct flight *lane_next(struct lane *lane, const struct flight *flight)
{
	return flight->next == LANE_WINDOW ? NULL
					   : &lane->flights[flight->next];
}

uint16_t lane_index(const struct lane *lane, const struct flight *flight)
{
	return (uint16_t)(flight - lane->flights);
}

static bool is_waiting(enum flight_phase phase)
{
	return phase == FLIGHT_FRESH || phase == FLIGHT_READY;
}

void lane_move(struct lane *lane, struct flight *flight,
	       enum flight_phase phase)
{
	lane->sent += (phase == FLIGHT_SENT) - (flight->phase == FLIGHT_SENT);
	lane->waiting += is_waiting(phase) - is_waiting(flight->phase);
	flight->phase = phase;
}

static char *put(char *to, struct ztp_str *s)
{
	if (!s->p) /* a null value stays one */
		return to;
	if (s->n > 0)
		memcpy(to, s->p, s->n);
	s->p = to;
	return to + s->n;
}

struct parcel *parcel_new(const struct store_record *record)
{
	size_t size = record->key.n + record->value.n;
	size_t count = record->header_count, i;
	struct parcel *parcel;
	char *to;

	for (i = 0; i < count; i++)
		size += sizeof(*record->headers) + record->headers[i].value.n;
	parcel = malloc(sizeof(*parcel) + size);
	if (!parcel)
		return NULL;
	memset(parcel, 0, sizeof(*parcel));
	parcel->record = *record;
	parcel->record.headers = parcel->headers;
	to = put((char *)(parcel->headers + count), &parcel->record.key);
	to = put(to, &parcel->record.value);
	for (i = 0; i < count; i++) {
		parcel->headers[i] = record->headers[i];
		to = put(to, &parcel->headers[i].value);
	}
	return parcel;
}
