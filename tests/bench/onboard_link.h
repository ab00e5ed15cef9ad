/*
 * tests/bench/onboard_link.h - one device's connection over TLS, without
 * waiting: TCP, the handshake, bytes in both directions. The caller has an
 * epoll and calls link_step whenever a link has something to do.
 */
#ifndef TESTS_BENCH_ONBOARD_LINK_H
#define TESTS_BENCH_ONBOARD_LINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all links share. */
struct link_net {
	SSL_CTX *tls;
	SSL_SESSION *session; /* the last one; resumed if `resume` */
	int port, epoll_fd;
	bool resume;
};

struct link_bytes {
	uint8_t *at;
	size_t len, cap;
};

enum link_phase { LINK_CLOSED, LINK_TCP, LINK_TLS, LINK_OPEN };

struct link {
	enum link_phase phase;
	int fd;
	SSL *ssl;
	int64_t tcp_us, tls_us; /* when that was done; part_now() */
	struct link_bytes in, out;
};

enum link_found {
	LINK_NOTHING,
	LINK_IS_OPEN, /* the handshake is done; only once */
	LINK_HAS_DATA,
	LINK_LOST, /* also when the other end has closed it */
};

/* Exits if the files cannot be used. groups: key exchange, or NULL. */
void link_net_open(struct link_net *net, int port, const char *ca_file,
		   const char *groups, bool resume);
void link_net_close(struct link_net *net);

/* Begins to connect, from one of 250 addresses: devices do not share one.
 * Events carry the number. */
void link_open(struct link *link, struct link_net *net, int number);
enum link_found link_step(struct link *link, struct link_net *net);

/* Sends as much as goes now, the rest in later steps. */
void link_send(struct link *link, const uint8_t *bytes, size_t len);

/* Frees everything, also of a link that was never open. */
void link_close(struct link *link);

#endif
