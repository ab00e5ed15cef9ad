#include "tests/bench/onboard_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/part.h"

#define ADDRESSES 250
#define CHUNK	  4096

/* ---- what all share */

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct link_net *net = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (!net->resume)
		return 0;
	SSL_SESSION_free(net->session);
	net->session = session;
	return 1; /* it is ours now */
}

void link_net_open(struct link_net *net, int port, const char *ca_file,
		   const char *groups, bool resume)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	*net = (struct link_net){.tls = tls, .port = port, .resume = resume};
	net->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!tls || net->epoll_fd < 0 ||
	    SSL_CTX_load_verify_locations(tls, ca_file, NULL) != 1 ||
	    (groups && SSL_CTX_set1_groups_list(tls, groups) != 1)) {
		ERR_print_errors_fp(stderr);
		part_die("TLS: %s", ca_file);
	}
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT |
						    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(tls, keep_session);
	SSL_CTX_set_app_data(tls, net);
}

void link_net_close(struct link_net *net)
{
	SSL_SESSION_free(net->session);
	SSL_CTX_free(net->tls);
	close(net->epoll_fd);
}

/* ---- bytes */

static void append(struct link_bytes *to, const uint8_t *bytes, size_t len)
{
	if (to->len + len > to->cap) {
		to->cap = 2 * (to->len + len);
		to->at = realloc(to->at, to->cap);
		if (!to->at)
			part_die("out of memory");
	}
	memcpy(to->at + to->len, bytes, len);
	to->len += len;
}

static bool is_waiting(const struct link *link, int rc)
{
	int error = SSL_get_error(link->ssl, rc);

	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static bool flush(struct link *link)
{
	int n;

	while (link->out.len > 0) {
		n = SSL_write(link->ssl, link->out.at, (int)link->out.len);
		if (n <= 0)
			return is_waiting(link, n);
		link->out.len -= (size_t)n;
		memmove(link->out.at, link->out.at + n, link->out.len);
	}
	return true;
}

void link_send(struct link *link, const uint8_t *bytes, size_t len)
{
	append(&link->out, bytes, len);
	(void)flush(link); /* who is lost is found by the next step */
}

static enum link_found receive(struct link *link)
{
	size_t before = link->in.len;
	uint8_t bytes[CHUNK];
	int n;

	while ((n = SSL_read(link->ssl, bytes, sizeof(bytes))) > 0)
		append(&link->in, bytes, (size_t)n);
	if (link->in.len > before)
		return LINK_HAS_DATA; /* an end is found by the next read */
	return is_waiting(link, n) ? LINK_NOTHING : LINK_LOST;
}

/* ---- opening */

void link_open(struct link *link, struct link_net *net, int number)
{
	struct epoll_event events = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP |
					       EPOLLET,
				     .data.fd = number};
	struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
	int on = 1;

	from.sin_addr.s_addr =
		htonl(INADDR_LOOPBACK + 256 + (uint32_t)number % ADDRESSES);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)net->port);
	link->phase = LINK_TCP;
	link->fd =
		socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->fd < 0 ||
	    setsockopt(link->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		       sizeof(on)) ||
	    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    bind(link->fd, (struct sockaddr *)&from, sizeof(from)))
		part_die("socket: %s", strerror(errno));
	if (connect(link->fd, (struct sockaddr *)&to, sizeof(to)) &&
	    errno != EINPROGRESS)
		part_die("connect: %s", strerror(errno));
	if (epoll_ctl(net->epoll_fd, EPOLL_CTL_ADD, link->fd, &events))
		part_die("epoll: %s", strerror(errno));
}

/* The handshake begins here and not in link_open, because ten thousand SSL
 * objects that wait for TCP would need a gigabyte. */
static bool begin_tls(struct link *link, struct link_net *net)
{
	socklen_t size = sizeof(struct sockaddr_in);
	struct sockaddr_in peer;
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
		return false;
	if (getpeername(link->fd, (struct sockaddr *)&peer, &size))
		return errno == ENOTCONN; /* too early */
	link->tcp_us = part_now();
	link->ssl = SSL_new(net->tls);
	if (!link->ssl || SSL_set_fd(link->ssl, link->fd) != 1 ||
	    (net->session && SSL_set_session(link->ssl, net->session) != 1))
		part_die("TLS");
	SSL_set_connect_state(link->ssl);
	link->phase = LINK_TLS;
	return true;
}

static enum link_found shake_hands(struct link *link)
{
	int rc = SSL_do_handshake(link->ssl);

	if (rc != 1)
		return is_waiting(link, rc) ? LINK_NOTHING : LINK_LOST;
	link->tls_us = part_now();
	link->phase = LINK_OPEN;
	return LINK_IS_OPEN;
}

enum link_found link_step(struct link *link, struct link_net *net)
{
	enum link_found found = LINK_NOTHING;

	ERR_clear_error();
	if (link->phase == LINK_TCP && !begin_tls(link, net))
		return LINK_LOST;
	if (link->phase == LINK_TLS)
		found = shake_hands(link);
	else if (link->phase == LINK_OPEN)
		found = flush(link) ? receive(link) : LINK_LOST;
	return found;
}

void link_close(struct link *link)
{
	if (link->phase == LINK_CLOSED)
		return;
	if (link->ssl)
		(void)SSL_shutdown(link->ssl);
	SSL_free(link->ssl);
	close(link->fd);
	free(link->in.at);
	free(link->out.at);
	*link = (struct link){.phase = LINK_CLOSED};
}
