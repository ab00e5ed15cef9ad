#include "bridge/mqtt/unacked.h"

static struct unacked_publish *slot(struct unacked *u, uint32_t at)
{
	return &u->ring[at % UNACKED_MAX];
}

static void send_more(struct unacked *u, int64_t now)
{
	while (u->sent != u->tail && u->in_flight < u->window) {
		slot(u, u->sent++)->sent_at = now;
		u->in_flight++;
	}
}

void unacked_reset(struct unacked *u, int window)
{
	u->head = u->sent = u->tail = 0;
	u->in_flight = 0;
	u->window = window;
}

bool unacked_has_room(const struct unacked *u)
{
	return u->tail - u->head < UNACKED_MAX;
}

void unacked_add(struct unacked *u, int mid, int64_t now)
{
	*slot(u, u->tail++) = (struct unacked_publish){.mid = mid};
	send_more(u, now);
}

void unacked_remove(struct unacked *u, int mid, int64_t now)
{
	uint32_t at = u->head;

	while (at != u->sent && slot(u, at)->mid != mid)
		at++;
	if (at == u->sent)
		return; /* not one of ours */
	slot(u, at)->mid = 0;
	u->in_flight--;
	while (u->head != u->sent && slot(u, u->head)->mid == 0)
		u->head++;
	send_more(u, now);
}

int64_t unacked_since(const struct unacked *u)
{
	return u->in_flight > 0 ? u->ring[u->head % UNACKED_MAX].sent_at : 0;
}
