#include "bridge/http/http_clients.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NET_LEN 8 /* of an IPv6 address: a host has a /64 */

struct http_client {
	struct http_client *next, **link;
	int fd;
	uint8_t net[NET_LEN]; /* who it is counted with */
	bool reading, ended;
	int64_t since; /* it owes a request, or reads an answer */
	size_t bytes;  /* of that answer */
};

/* --- addresses */

/* An IPv4 address is written as its mapped IPv6 address would be, without the
 * zeros in front, so that both are one. */
static void set_net(uint8_t net[NET_LEN], const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const void *)address;
	const struct sockaddr_in *four = (const void *)address;

	if (address->sa_family == AF_INET)
		memcpy(net + NET_LEN - 4, &four->sin_addr, 4);
	else if (address->sa_family == AF_INET6 &&
		 IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		memcpy(net + NET_LEN - 4, six->sin6_addr.s6_addr + 12, 4);
	else if (address->sa_family == AF_INET6)
		memcpy(net, six->sin6_addr.s6_addr, NET_LEN);
}

static int neighbours(const struct http_clients *clients,
		      const struct http_client *client)
{
	const struct http_client *c;
	int n = 0;

	for (c = clients->first; c; c = c->next)
		n += !c->ended && memcmp(c->net, client->net, NET_LEN) == 0;
	return n;
}

/* --- ending */

static void end(struct http_clients *clients, struct http_client *client)
{
	(void)shutdown(client->fd, SHUT_RDWR); /* it may be gone already */
	client->ended = true;
	clients->open--;
}

/* Should a rather give way than b, if both have as many neighbours? */
static bool goes_first(const struct http_client *a, const struct http_client *b)
{
	if (a->reading != b->reading)
		return b->reading;
	return a->since < b->since;
}

static void make_room(struct http_clients *clients)
{
	struct http_client *c, *worst = NULL;
	int most = 0, n;

	for (c = clients->first; c; c = c->next) {
		if (c->ended)
			continue;
		n = neighbours(clients, c);
		if (!worst || n > most || (n == most && goes_first(c, worst)))
			worst = c;
		if (n > most)
			most = n;
	}
	if (worst)
		end(clients, worst);
}

/* --- coming and going */

struct http_client *http_clients_join(struct http_clients *clients, int fd,
				      const struct sockaddr *address,
				      int64_t now)
{
	struct http_client *client = calloc(1, sizeof(*client));

	if (!client) {
		(void)shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	client->fd = fd;
	if (address)
		set_net(client->net, address);
	if (clients->open == HTTP_CLIENTS_MAX)
		make_room(clients);
	client->since = now;
	client->next = clients->first;
	client->link = &clients->first;
	if (client->next)
		client->next->link = &client->next;
	clients->first = client;
	clients->open++;
	return client;
}

void http_clients_leave(struct http_clients *clients,
			struct http_client *client)
{
	if (!client)
		return;
	clients->open -= !client->ended;
	clients->bytes -= client->bytes;
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	free(client);
}

/* --- answers */

void http_clients_answer(struct http_clients *clients,
			 struct http_client *client, size_t bytes, int64_t now)
{
	client->reading = true;
	client->since = now;
	client->bytes = bytes;
	clients->bytes += bytes;
}

void http_clients_answered(struct http_clients *clients,
			   struct http_client *client, int64_t now)
{
	client->reading = false;
	client->since = now;
	clients->bytes -= client->bytes;
	client->bytes = 0;
}

bool http_clients_full(const struct http_clients *clients)
{
	return clients->bytes >= HTTP_ANSWERS_MAX;
}

/* --- time */

static int64_t end_of(const struct http_client *client)
{
	return client->since + (client->reading ? HTTP_ANSWER_MS : HTTP_ASK_MS);
}

void http_clients_end_late(struct http_clients *clients, int64_t now)
{
	struct http_client *c;

	for (c = clients->first; c; c = c->next)
		if (!c->ended && end_of(c) <= now)
			end(clients, c);
}

int64_t http_clients_next(const struct http_clients *clients)
{
	const struct http_client *c;
	int64_t next = INT64_MAX;

	for (c = clients->first; c; c = c->next)
		if (!c->ended && end_of(c) < next)
			next = end_of(c);
	return next;
}
