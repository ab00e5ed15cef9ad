/*
 * load: devices that connect for the first time, as the broker's gate
 * announces them. It runs many connections in one process and writes MQTT
 * 3.1.1 with QoS 1 by hand, because a client library would cost more than
 * what is measured.
 *   load --port P --topic ztp/v1/pending --certs FILE --clients N
 *        --prefix P --rate R --first N --count N [--password LENGTH]
 *
 * A broker may pass on the password, a JWT, which the bridge has to skip. The
 * schedule is open: an item is sent when it is due, whether or not earlier
 * ones have been acknowledged. What a socket does not accept waits in that
 * connection's buffer, and the broker is charged with that delay. `late` is
 * this program's own lateness: if it is large, the figures do not describe
 * the bridge.
 *
 * With --window N and --progress FILE the loop is closed: an item that is due
 * is sent when fewer than N are on their way to the sink, which counts in that
 * file what has arrived.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tests/bench/part.h"

#define EVENT_MAX  8192
#define CERTS_MAX  1024
#define EVENTS	   256
#define PASSWORD   2048
#define TIMER	   (-1) /* instead of a client's index */
#define ROOM_MS	   1	/* how often the sink's progress is looked at */
#define CONNECT	   0x10
#define CONNACK	   0x20
#define PUBLISH_Q1 0x32
#define PUBACK	   0x40

struct client {
	int fd;
	uint16_t mid;
	char *out; /* what the socket did not accept */
	size_t out_len, out_cap;
	uint8_t in[4]; /* a PUBACK, possibly incomplete */
	size_t in_len;
	bool writing;
};

struct load {
	struct part part;
	char *certs[CERTS_MAX];
	size_t cert_count;
	char password[PASSWORD + 32]; /* the member, or "" */
	struct client *clients;
	int epoll_fd, timer_fd;
	int64_t sent, acked, late;
	_Atomic int64_t *arrived; /* at the sink; NULL: nobody tells */
};

/* --- certificates */

static void read_certs(struct load *l)
{
	FILE *file = fopen(l->part.certs, "re");
	size_t cap = 0;
	ssize_t n;

	if (!file)
		part_die("%s: %s", l->part.certs, strerror(errno));
	while (l->cert_count < CERTS_MAX) {
		char **line = &l->certs[l->cert_count];

		cap = 0;
		n = getline(line, &cap, file);
		if (n <= 0) {
			free(*line);
			*line = NULL;
			break;
		}
		(*line)[n - 1] = '\0';
		l->cert_count++;
	}
	fclose(file);
	if (l->cert_count == 0)
		part_die("%s: no certificates", l->part.certs);
}

static void make_password(struct load *l)
{
	char filler[PASSWORD + 1];
	int i, n = l->part.password;

	if (n == 0)
		return;
	if (n > PASSWORD)
		part_die("the password is too long");
	for (i = 0; i < n; i++)
		filler[i] = (char)('A' + i % 26);
	filler[n] = '\0';
	snprintf(l->password, sizeof(l->password), ",\"password\":\"%s\"",
		 filler);
}

/* --- MQTT 3.1.1 */

static size_t put_length(uint8_t *p, size_t n)
{
	size_t i = 0;

	do {
		p[i] = n & 127;
		n >>= 7;
		if (n > 0)
			p[i] |= 128;
		i++;
	} while (n > 0);
	return i;
}

static size_t put_text(uint8_t *p, const char *text, size_t n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
	memcpy(p + 2, text, n);
	return n + 2;
}

static size_t make_connect(uint8_t *out, const char *id)
{
	static const uint8_t head[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0};
	size_t id_len = strlen(id), n = 0;

	out[n++] = CONNECT;
	n += put_length(out + n, sizeof(head) + 2 + id_len);
	memcpy(out + n, head, sizeof(head));
	n += sizeof(head);
	return n + put_text(out + n, id, id_len);
}

static size_t make_publish(uint8_t *out, const char *topic, uint16_t mid,
			   const char *payload, size_t len)
{
	size_t topic_len = strlen(topic), n = 0;

	out[n++] = PUBLISH_Q1;
	n += put_length(out + n, 2 + topic_len + 2 + len);
	n += put_text(out + n, topic, topic_len);
	out[n++] = (uint8_t)(mid >> 8);
	out[n++] = (uint8_t)mid;
	memcpy(out + n, payload, len);
	return n + len;
}

static void connect_client(struct load *l, int index)
{
	struct client *c = &l->clients[index];
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)l->part.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct epoll_event event = {.events = EPOLLIN, .data.fd = index};
	uint8_t out[64], in[4];
	char id[32];
	size_t n;
	int one = 1;

	snprintf(id, sizeof(id), "bench-load-%d", index);
	n = make_connect(out, id);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) ||
	    write(c->fd, out, n) != (ssize_t)n)
		part_die("client %d: %s", index, strerror(errno));
	if (recv(c->fd, in, sizeof(in), MSG_WAITALL) != sizeof(in) ||
	    in[0] != CONNACK || in[3] != 0)
		part_die("client %d: not accepted", index);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) ||
	    epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, c->fd, &event))
		part_die("client %d: %s", index, strerror(errno));
}

/* --- sending */

static void watch_writing(struct load *l, struct client *c, bool writing)
{
	struct epoll_event event = {
		.events = writing ? EPOLLIN | EPOLLOUT : EPOLLIN,
		.data.fd = (int)(c - l->clients),
	};

	if (c->writing == writing)
		return;
	c->writing = writing;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, c->fd, &event))
		part_die("epoll: %s", strerror(errno));
}

static void buffer(struct client *c, const uint8_t *bytes, size_t n)
{
	if (c->out_len + n > c->out_cap) {
		c->out_cap = 2 * (c->out_len + n);
		c->out = realloc(c->out, c->out_cap);
		if (!c->out)
			part_die("out of memory");
	}
	memcpy(c->out + c->out_len, bytes, n);
	c->out_len += n;
}

static void send_bytes(struct load *l, struct client *c, const uint8_t *bytes,
		       size_t n)
{
	ssize_t took = c->out_len ? 0 : write(c->fd, bytes, n);

	if (took < 0 && errno != EAGAIN)
		part_die("connection lost: %s", strerror(errno));
	if (took < 0)
		took = 0;
	if ((size_t)took < n) {
		buffer(c, bytes + took, n - (size_t)took);
		watch_writing(l, c, true);
	}
}

static void flush(struct load *l, struct client *c)
{
	ssize_t took = write(c->fd, c->out, c->out_len);

	if (took < 0 && errno != EAGAIN)
		part_die("connection lost: %s", strerror(errno));
	if (took > 0) {
		c->out_len -= (size_t)took;
		memmove(c->out, c->out + took, c->out_len);
	}
	watch_writing(l, c, c->out_len > 0);
}

static void announce(struct load *l)
{
	const struct part *part = &l->part;
	long long n = part->first + l->sent;
	struct client *c = &l->clients[n % part->clients];
	char path[128], text[EVENT_MAX - 256];
	uint8_t packet[EVENT_MAX];
	int len;

	snprintf(path, sizeof(path), PART_PATH_FORM, part->prefix, n);
	len = snprintf(text, sizeof(text),
		       "{\"request_id\":\"%s-%lld\",\"device_path\":\"%s\","
		       "\"certificate\":\"%s\",\"attempt\":1,"
		       "\"remote_addr\":\"192.0.2.%d\"%s}",
		       part->prefix, n, path,
		       l->certs[(size_t)n % l->cert_count], (int)(n % 250) + 1,
		       l->password);
	if (len < 0 || (size_t)len >= sizeof(text))
		part_die("certificate too long");
	c->mid = c->mid == UINT16_MAX ? 1 : (uint16_t)(c->mid + 1);
	send_bytes(
		l, c, packet,
		make_publish(packet, part->topic, c->mid, text, (size_t)len));
	l->sent++;
}

static void set_timer(struct load *l)
{
	int64_t due = part_due(&l->part, l->sent);
	struct itimerspec at = {.it_value = {.tv_sec = due / 1000000,
					     .tv_nsec = due % 1000000 * 1000}};

	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &at, NULL))
		part_die("timer: %s", strerror(errno));
}

static bool has_room(const struct load *l)
{
	return !l->arrived || l->sent - *l->arrived < l->part.window;
}

static void announce_due(struct load *l)
{
	int64_t now = part_now();
	uint64_t ticks;

	if (read(l->timer_fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
		part_die("timer: %s", strerror(errno));
	while (l->sent < l->part.count && has_room(l) &&
	       part_due(&l->part, l->sent) <= now) {
		int64_t late = now - part_due(&l->part, l->sent);

		if (late > l->late)
			l->late = late;
		announce(l);
	}
	if (l->sent < l->part.count && !l->arrived)
		set_timer(l);
}

static void read_pubacks(struct load *l, struct client *c)
{
	uint8_t bytes[4096];
	ssize_t n = read(c->fd, bytes, sizeof(bytes)), i;

	if (n == 0 || (n < 0 && errno != EAGAIN))
		part_die("connection lost");
	for (i = 0; i < n; i++) {
		c->in[c->in_len++] = bytes[i];
		if (c->in_len < sizeof(c->in))
			continue;
		if (c->in[0] != PUBACK)
			part_die("not a PUBACK: %02x", c->in[0]);
		c->in_len = 0;
		l->acked++;
	}
}

static void serve(struct load *l)
{
	struct epoll_event events[EVENTS];
	int wait = l->arrived ? ROOM_MS : 50;
	int n = epoll_wait(l->epoll_fd, events, EVENTS, wait), i;

	if (n < 0 && errno != EINTR)
		part_die("epoll: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		int index = events[i].data.fd;

		if (index == TIMER) {
			announce_due(l);
			continue;
		}
		if (events[i].events & EPOLLOUT)
			flush(l, &l->clients[index]);
		if (events[i].events & ~(uint32_t)EPOLLOUT)
			read_pubacks(l, &l->clients[index]);
	}
	if (l->arrived)
		announce_due(l);
}

static void open_all(struct load *l)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = TIMER};
	int i;

	read_certs(l);
	make_password(l);
	l->clients = calloc((size_t)l->part.clients, sizeof(*l->clients));
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (!l->clients || l->epoll_fd < 0 || l->timer_fd < 0 ||
	    epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &event))
		part_die("cannot start: %s", strerror(errno));
	for (i = 0; i < l->part.clients; i++)
		connect_client(l, i);
}

static void close_all(struct load *l)
{
	static const uint8_t disconnect[] = {0xe0, 0};
	size_t n;
	int i;

	for (i = 0; i < l->part.clients; i++) {
		if (write(l->clients[i].fd, disconnect, 2) != 2)
			fprintf(stderr, "client %d: no DISCONNECT\n", i);
		close(l->clients[i].fd);
		free(l->clients[i].out);
	}
	for (n = 0; n < l->cert_count; n++)
		free(l->certs[n]);
	free(l->clients);
	close(l->timer_fd);
	close(l->epoll_fd);
}

int main(int argc, char **argv)
{
	struct load l = {.sent = 0};

	part_options(&l.part, argc, argv);
	if (!l.part.port || !l.part.topic || !l.part.certs)
		part_die("--port, --topic and --certs are needed");
	open_all(&l);
	l.arrived = l.part.window ? part_progress(&l.part) : NULL;
	part_begin(&l.part);
	set_timer(&l);
	/* If stdin ends first, the unacknowledged items show it. */
	while (l.acked < l.part.count && !part_over())
		serve(&l);
	printf("{\"sent\":%lld,\"acked\":%lld,\"late_max_us\":%lld}\n",
	       (long long)l.sent, (long long)l.acked, (long long)l.late);
	close_all(&l);
	return 0;
}
