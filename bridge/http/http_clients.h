/*
 * bridge/http/http_clients.h - the connections to the admin server, and which
 * of them has to go.
 *
 * A connection may take HTTP_ASK_MS to send a whole request, from its start or
 * from the end of the last answer, and HTTP_ANSWER_MS to read the answer. These
 * times run whether bytes come or not: a client that sends or reads a byte now
 * and then would never be idle.
 *
 * A new connection always gets in. If there are too many, one of those that the
 * busiest address has gives way: the one that has owed a request for longest,
 * or if each of them is reading an answer, the one that has read for longest.
 * An address has no limit of its own, since nobody else waits for the room it
 * takes; and a client at the address of an attacker, such as a health check on
 * the same host, gets in as well.
 *
 * To end a connection its socket is shut down. libmicrohttpd owns it, finds it
 * closed in its next run, and frees it. Loop thread only.
 */
#ifndef BRIDGE_HTTP_HTTP_CLIENTS_H
#define BRIDGE_HTTP_HTTP_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_CLIENTS_MAX 64
#define HTTP_ASK_MS	 10000
#define HTTP_ANSWER_MS	 30000
#define HTTP_ANSWERS_MAX (8 * 1024 * 1024) /* bytes that clients still read */

struct http_client;
struct sockaddr;

/* Embedded by its owner; starts as zeros. */
struct http_clients {
	struct http_client *first;
	int open;     /* without those that have been ended */
	size_t bytes; /* of the answers that clients still read */
};

/* A connection has been accepted; address: NULL if it is not known; now: ms of a
 * clock that never goes back. NULL: no memory, and it has been ended. */
struct http_client *http_clients_join(struct http_clients *clients, int fd,
				      const struct sockaddr *address,
				      int64_t now);
/* The connection has been closed. NULL-safe. */
void http_clients_leave(struct http_clients *clients,
			struct http_client *client);

/* The client begins to read an answer of that many bytes, and is done. */
void http_clients_answer(struct http_clients *clients,
			 struct http_client *client, size_t bytes, int64_t now);
void http_clients_answered(struct http_clients *clients,
			   struct http_client *client, int64_t now);
/* Do clients already read as much as may be held for them? */
bool http_clients_full(const struct http_clients *clients);

/* Ends those whose time is over. */
void http_clients_end_late(struct http_clients *clients, int64_t now);
/* When http_clients_end_late has to be called next; INT64_MAX: no client. */
int64_t http_clients_next(const struct http_clients *clients);

#endif
