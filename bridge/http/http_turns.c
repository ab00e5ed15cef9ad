#include "bridge/http/http_turns.h"

#include <microhttpd.h>

static struct MHD_Connection *leave(struct http_turns *turns)
{
	struct MHD_Connection *first = turns->waiting[0];
	int i;

	turns->count--;
	for (i = 0; i < turns->count; i++)
		turns->waiting[i] = turns->waiting[i + 1];
	MHD_resume_connection(first);
	return first;
}

void http_turns_begin(struct http_turns *turns, int64_t now_us)
{
	turns->taken = false;
	turns->next = NULL;
	if (turns->count > 0 && now_us >= turns->free_at_us)
		turns->next = leave(turns);
}

bool http_turns_wait(struct http_turns *turns, struct MHD_Connection *client)
{
	if (turns->count == HTTP_TURNS_WAITING)
		return false;
	MHD_suspend_connection(client);
	turns->waiting[turns->count++] = client;
	return true;
}

bool http_turns_take(struct http_turns *turns, struct MHD_Connection *client,
		     int64_t now_us, bool *full)
{
	bool mine = !turns->next || turns->next == client;

	*full = false;
	if (mine && !turns->taken && now_us >= turns->free_at_us) {
		turns->taken = true;
		return true;
	}
	*full = !http_turns_wait(turns, client);
	return false;
}

void http_turns_spent(struct http_turns *turns, int64_t us, int64_t now_us)
{
	turns->free_at_us = now_us + (HTTP_TURNS_SHARE - 1) * us;
}

int64_t http_turns_wait_us(const struct http_turns *turns, int64_t now_us)
{
	if (turns->count == 0)
		return -1;
	return turns->free_at_us > now_us ? turns->free_at_us - now_us : 0;
}

void http_turns_end(struct http_turns *turns)
{
	while (turns->count > 0)
		(void)leave(turns);
}
