#include "tools/serve/links.h"

#include <stdlib.h>
#include <sys/socket.h>

static void end(struct links *links, struct link *link)
{
	(void)shutdown(link->fd, SHUT_RDWR); /* it may be gone already */
	link->ended = true;
	links->open--;
	links->bytes -= link->bytes; /* which are freed in a moment */
	link->bytes = 0;
}

static bool goes_first(const struct link *a, const struct link *b)
{
	if (a->let_in != b->let_in)
		return !a->let_in;
	if ((a->state == LINK_READS) != (b->state == LINK_READS))
		return b->state == LINK_READS;
	return a->since < b->since;
}

static void make_room(struct links *links)
{
	struct link *worst = NULL;

	for (struct link *link = links->first; link; link = link->next)
		if (!link->ended && link->state != LINK_WAITS &&
		    (!worst || goes_first(link, worst)))
			worst = link;
	if (worst)
		end(links, worst);
}

struct link *links_join(struct links *links, int fd, int64_t now)
{
	struct link *link;

	if (links->open >= LINKS_MAX)
		make_room(links);
	link = links->open < LINKS_MAX ? calloc(1, sizeof(*link)) : NULL;
	if (!link) {
		(void)shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	link->fd = fd;
	link->since = now;
	link->next = links->first;
	link->at = &links->first;
	if (link->next)
		link->next->at = &link->next;
	links->first = link;
	links->open++;
	return link;
}

void links_leave(struct links *links, struct link *link)
{
	if (!link)
		return;
	links->open -= !link->ended;
	links->bytes -= link->bytes;
	*link->at = link->next;
	if (link->next)
		link->next->at = link->at;
	free(link);
}

/* The one that has held bytes for longest. NULL: none. */
static struct link *longest_holder(const struct links *links)
{
	struct link *longest = NULL;

	for (struct link *link = links->first; link; link = link->next)
		if (link->bytes > 0 && (!longest || link->held < longest->held))
			longest = link;
	return longest;
}

bool links_hold(struct links *links, struct link *link, size_t bytes,
		int64_t now)
{
	if (link->ended)
		return false;
	while (links->bytes + bytes > LINKS_BYTES_MAX) {
		struct link *longest = longest_holder(links);

		if (!longest || longest == link)
			return false;
		end(links, longest);
	}
	if (!link->bytes)
		link->held = now;
	links->bytes += bytes;
	link->bytes += bytes;
	return true;
}

void links_turn(struct links *links, struct link *link, enum link_state state,
		int64_t now)
{
	link->state = state;
	link->since = now;
	if (state != LINK_IDLE)
		return;
	links->bytes -= link->bytes;
	link->bytes = 0;
}

static int64_t may_take_ms(const struct link *link)
{
	if (link->state == LINK_READS)
		return LINK_READ_MS;
	return link->state == LINK_IDLE && link->let_in ? LINK_IDLE_MS
							: LINK_ASK_MS;
}

int64_t links_end_late(struct links *links, int64_t now)
{
	int64_t next = INT64_MAX;

	for (struct link *link = links->first; link; link = link->next) {
		int64_t until = link->since + may_take_ms(link);

		if (link->ended || link->state == LINK_WAITS)
			continue;
		if (until <= now)
			end(links, link);
		else if (until < next)
			next = until;
	}
	return next;
}
