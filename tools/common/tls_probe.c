#include "tools/common/tls_probe.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "ztp/gate_protocol.h"

#define WAIT_S	 5
#define HOST_LEN 256

struct probe {
	char host[HOST_LEN], port[8];
	bool secure;
	struct ztp_tls_wish wish;
	char *out;
};

/* SCHEME://HOST[:PORT][/...]; an IPv6 address stands in brackets. */
static bool split(struct probe *p, const char *url)
{
	const char *at = strstr(url, "://");
	const char *end, *port;

	if (!at || !ztp_cli_is_url(url, &p->secure))
		return false;
	at += 3;
	if (*at == '[') {
		end = strchr(++at, ']');
		port = end ? end + 1 : NULL;
	} else {
		end = at + strcspn(at, ":/");
		port = end;
	}
	if (!end || end == at || (size_t)(end - at) >= sizeof(p->host))
		return false;
	memcpy(p->host, at, (size_t)(end - at));
	snprintf(p->port, sizeof(p->port), "%s", p->secure ? "8883" : "1883");
	if (*port == ':')
		snprintf(p->port, sizeof(p->port), "%.*s",
			 (int)strspn(port + 1, "0123456789"), port + 1);
	return true;
}

static void set_timeouts(int fd)
{
	const struct timeval wait = {.tv_sec = WAIT_S};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}

/* A connected socket, or -1 with the reason in out. */
static int reach(struct probe *p)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int fd = -1, rc = getaddrinfo(p->host, p->port, &hints, &found);

	if (rc != 0) {
		snprintf(p->out, ZTP_TLS_WHY_MAX, "the name %s: %s", p->host,
			 gai_strerror(rc));
		return -1;
	}
	for (struct addrinfo *one = found; one && fd < 0; one = one->ai_next) {
		fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC,
			    one->ai_protocol);
		if (fd < 0)
			continue;
		set_timeouts(fd);
		if (connect(fd, one->ai_addr, one->ai_addrlen) == 0)
			break;
		/* with SO_SNDTIMEO it says EINPROGRESS */
		snprintf(p->out, ZTP_TLS_WHY_MAX, "%s",
			 strerror(errno == EINPROGRESS ? ETIMEDOUT : errno));
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
	    SSL_set_tlsext_host_name(ssl, p->host) == 1 &&
	    SSL_connect(ssl) != 1)
		say_other(p);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

void ztp_tls_probe(char out[ZTP_TLS_WHY_MAX], const char *url,
		   const char *ca_file)
{
	struct probe p = {.out = out};
	int fd;

	out[0] = '\0';
	if (!split(&p, url))
		return;
	p.wish = (struct ztp_tls_wish){.host = p.host, .ca_file = ca_file};
	fd = reach(&p);
	if (fd < 0)
		return;
	if (p.secure)
		shake_hands(&p, fd);
	close(fd);
}
