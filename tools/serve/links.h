/*
 * tools/serve/links.h - the connections of clients, and what they may cost. A
 * connection has LINK_ASK_MS to send a whole request, and LINK_READ_MS to read
 * an answer, whether bytes come or not. One that was let in before may be idle
 * for LINK_IDLE_MS: longer than load balancers keep theirs, which would send a
 * request just when it is closed here.
 *
 * If there are too many, a new one still gets in: one that was never let in
 * gives way, else the one that has owed a request for longest, else the one
 * that has read for longest; never one that waits for a result. If too many
 * bytes are held, those give way that have held theirs for longest. To end a
 * connection its socket is shut down; libmicrohttpd then finds it closed. One
 * thread.
 */
#ifndef ZTP_SERVE_LINKS_H
#define ZTP_SERVE_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINKS_MAX	512
#define LINK_ASK_MS	10000
#define LINK_READ_MS	30000
#define LINK_IDLE_MS	75000
#define LINKS_BYTES_MAX (32 * 1024 * 1024) /* of bodies and answers together */

/* LINK_IDLE: nothing of a request is known yet. */
enum link_state { LINK_IDLE, LINK_ASKS, LINK_WAITS, LINK_READS };

struct link {
	struct link *next, **at;
	int fd;
	enum link_state state;
	int64_t since; /* ms */
	size_t bytes;  /* held for it, */
	int64_t held;  /* since when */
	bool let_in;   /* it was answered, and not to be rid of it */
	bool ended;
};

/* Embedded by its owner; starts as zeros. */
struct links {
	struct link *first;
	int open;     /* without those that have been ended */
	size_t bytes; /* held for all of them */
};

/* NULL: no memory, and it has been ended. */
struct link *links_join(struct links *links, int fd, int64_t now);
void links_leave(struct links *links, struct link *link); /* NULL-safe */

/* It holds that many bytes more; others may have to end for it. False: too many
 * are held, and by nobody for longer; nothing changes. */
bool links_hold(struct links *links, struct link *link, size_t bytes,
		int64_t now);
/* It goes on to that state; LINK_IDLE lets go of what was held. */
void links_turn(struct links *links, struct link *link, enum link_state state,
		int64_t now);
/* Ends those whose time is over. Returns when to call it next; INT64_MAX:
 * never. */
int64_t links_end_late(struct links *links, int64_t now);

#endif
