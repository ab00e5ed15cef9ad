#include "tools/common/tls_probe.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tools/common/broker_address.h"
#include "tools/common/cli.h"
#include "ztp/gate_protocol.h"

struct probe {
	struct ztp_broker_address address;
	struct ztp_tls_wish wish;
	int64_t until;
	char *out;
};

/* One limit for all waits: a broker that sends a byte now and then would stretch
 * a limit of each. */
static bool await(const struct probe *p, int fd, short events)
{
	struct pollfd ready = {.fd = fd, .events = events};
	int64_t left;
	int n;

	do {
		left = p->until - ztp_clock_boot();
		n = poll(&ready, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* 0, or why not. The socket does not wait. */
static int dial(const struct probe *p, int fd, const struct addrinfo *to)
{
	int why = 0;
	socklen_t n = sizeof(why);

	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!await(p, fd, POLLOUT))
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) == 0 ? why
								   : errno;
}

/* A connected socket, or -1 with the reason in out. */
static int reach(struct probe *p)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int fd = -1, why,
	    rc = getaddrinfo(p->address.host, p->address.port, &hints, &found);

	if (rc != 0) {
		snprintf(p->out, ZTP_TLS_WHY_MAX, "the name %s: %s",
			 p->address.host, gai_strerror(rc));
		return -1;
	}
	for (struct addrinfo *one = found; one && fd < 0; one = one->ai_next) {
		fd = socket(one->ai_family,
			    one->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    one->ai_protocol);
		if (fd < 0)
			continue;
		why = dial(p, fd, one);
		if (why == 0)
			break;
		snprintf(p->out, ZTP_TLS_WHY_MAX, "%s", strerror(why));
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	if (fd >= 0)
		p->out[0] = '\0';
	return fd;
}

static int verify(X509_STORE_CTX *store, void *arg)
{
	struct probe *p = arg;

	return ztp_tls_why(p->out, store, &p->wish);
}

static void say_other(struct probe *p)
{
	unsigned long code = ERR_peek_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	if (!*p->out)
		snprintf(p->out, ZTP_TLS_WHY_MAX,
			 "no TLS on this port, or the broker ended it%s%s",
			 reason ? ": " : "", reason ? reason : "");
}

/* False: the broker has not ended it in time. */
static bool connect_tls(struct probe *p, SSL *ssl, int fd)
{
	for (;;) {
		int rc = SSL_connect(ssl), error = SSL_get_error(ssl, rc);

		if (error != SSL_ERROR_WANT_READ &&
		    error != SSL_ERROR_WANT_WRITE) {
			if (rc != 1)
				say_other(p);
			return true;
		}
		if (!await(p, fd,
			   error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT))
			return false;
	}
}

static void shake_hands(struct probe *p, int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;
	int trusted;

	if (!ctx)
		return;
	trusted = p->wish.ca_file ? SSL_CTX_load_verify_locations(
					    ctx, p->wish.ca_file, NULL)
				  : SSL_CTX_set_default_verify_paths(ctx);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify, p);
	ssl = SSL_new(ctx);
	ERR_clear_error();
	if (trusted == 1 && ssl && SSL_set_fd(ssl, fd) == 1 &&
	    SSL_set_tlsext_host_name(ssl, p->address.host) == 1 &&
	    !connect_tls(p, ssl, fd) && !*p->out)
		snprintf(p->out, ZTP_TLS_WHY_MAX,
			 "no TLS on this port, or the broker does not finish "
			 "the handshake");
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

void ztp_tls_probe(char out[ZTP_TLS_WHY_MAX], const char *url,
		   const char *ca_file, int64_t ms)
{
	struct probe p = {.out = out, .until = ztp_clock_boot() + ms};
	int fd;

	out[0] = '\0';
	if (!ztp_broker_address(&p.address, url))
		return;
	p.wish = (struct ztp_tls_wish){.host = p.address.host,
				       .ca_file = ca_file};
	fd = reach(&p);
	if (fd < 0)
		return;
	if (p.address.secure)
		shake_hands(&p, fd);
	close(fd);
}
