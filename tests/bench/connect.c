/*
 * tests/bench/connect.c - makes CONNECTs over TLS, one after the other, and
 * measures each: from the first SYN, and from the CONNECT packet, to CONNACK.
 * For scripts/bench-gate, which reads the broker's CPU time meanwhile.
 *
 *	connect --port N --ca FILE --user FILE --password FILE
 *	        --path FORMAT --first N --count N [--hold]
 *
 * The files have one user or password per line; they are used in turn.
 * FORMAT contains one %lld, the device's number. With --hold every connection
 * stays open and subscribes to its command topic; the program then prints
 * "held" and waits for its stdin to end. It ends with one line of JSON.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX (64 * 1024)
#define TEXT_MAX   (256 * 1024)
#define LINES_MAX  1024

struct lines {
	char text[TEXT_MAX];
	char *line[LINES_MAX];
	long long count;
};

struct load {
	SSL_CTX *tls;
	int port;
	struct lines users, passwords;
	const char *path; /* a format */
	long long first, count;
	bool hold;
	double *whole_us, *connack_us;
	long long accepted;
};

static void die(const char *what)
{
	fprintf(stderr, "connect: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static double now_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		die("clock");
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void read_text(char *out, const char *path)
{
	FILE *file = fopen(path, "r");
	size_t n;

	if (!file)
		die(path);
	n = fread(out, 1, TEXT_MAX - 1, file);
	out[n] = '\0';
	if (fclose(file) != 0)
		die(path);
}

/* ---- packets; MQTT 5 sections 3.1, 3.8, 3.14 */

static size_t put_text(unsigned char *at, const char *text)
{
	size_t n = strlen(text);

	at[0] = (unsigned char)(n >> 8);
	at[1] = (unsigned char)n;
	memcpy(at + 2, text, n);
	return n + 2;
}

/* Writes the fixed header in front of a body at out + 5; returns where the
 * packet begins. */
static unsigned char *close_packet(unsigned char *out, unsigned char type,
				   size_t body, size_t *len)
{
	unsigned char *at = out + 5, header[5] = {type};
	size_t n = 1, left = body;

	do {
		header[n++] =
			(unsigned char)((left & 127) | (left > 127 ? 128 : 0));
		left >>= 7;
	} while (left > 0);
	at -= n;
	memcpy(at, header, n);
	*len = n + body;
	return at;
}

static void send_all(SSL *ssl, const unsigned char *at, size_t len)
{
	if (SSL_write(ssl, at, (int)len) != (int)len)
		die("write");
}

static void split(struct lines *lines)
{
	char *at = lines->text;

	while (*at && lines->count < LINES_MAX) {
		size_t len = strcspn(at, "\n");
		bool last = at[len] == '\0';

		at[len] = '\0';
		lines->line[lines->count++] = at;
		at += len + (last ? 0 : 1);
	}
	if (lines->count == 0)
		die("no user or no password");
}

static const char *line_of(const struct lines *lines, long long index)
{
	return lines->line[index % lines->count];
}

static void send_connect(SSL *ssl, const struct load *load, const char *id,
			 long long index)
{
	static const unsigned char head[] = {0, 4,    'M', 'Q', 'T', 'T',
					     5, 0xc2, 0,   60,	0};
	unsigned char packet[PACKET_MAX], *at = packet + 5;
	size_t len;

	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	at += put_text(at, id);
	at += put_text(at, line_of(&load->users, index));
	at += put_text(at, line_of(&load->passwords, index));
	len = (size_t)(at - (packet + 5));
	at = close_packet(packet, 0x10, len, &len);
	send_all(ssl, at, len);
}

static void send_subscribe(SSL *ssl, const char *id)
{
	unsigned char packet[4096], *at = packet + 5;
	char topic[1040];
	size_t len;

	snprintf(topic, sizeof(topic), "%s/commands", id);
	*at++ = 0;
	*at++ = 1; /* packet id */
	*at++ = 0; /* no properties */
	at += put_text(at, topic);
	*at++ = 1;
	len = (size_t)(at - (packet + 5));
	at = close_packet(packet, 0x82, len, &len);
	send_all(ssl, at, len);
}

/* Returns the packet's type; its first bytes are in `packet`. All packets
 * are short. */
static int receive(SSL *ssl, unsigned char *packet)
{
	size_t have = 0, want = 2;

	while (have < want) {
		int n = SSL_read(ssl, packet + have, (int)(want - have));

		if (n <= 0)
			return -1;
		have += (size_t)n;
		if (have == 2 && want == 2)
			want += packet[1] & 127;
	}
	return packet[0] >> 4;
}

/* Without this, each answer waits 40 ms for a delayed acknowledgement. */
static void disable_delays(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on)) != 0)
		die("socket");
}

static SSL *dial(const struct load *load)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)load->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = SSL_new(load->tls);

	if (fd < 0 || !ssl ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("connect");
	disable_delays(fd);
	if (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
		die("TLS");
	disable_delays(fd);
	return ssl;
}

static void hang_up(SSL *ssl)
{
	static const unsigned char disconnect[] = {0xe0, 0};
	int fd = SSL_get_fd(ssl);

	send_all(ssl, disconnect, sizeof(disconnect));
	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

static void one(struct load *load, long long index)
{
	double begun = now_us(), asked, answered;
	unsigned char packet[256];
	SSL *ssl = dial(load);
	char id[1024];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(id, sizeof(id), load->path, load->first + index);
#pragma GCC diagnostic pop
	asked = now_us();
	send_connect(ssl, load, id, index);
	disable_delays(SSL_get_fd(ssl));
	if (receive(ssl, packet) == 2 && packet[3] == 0)
		load->accepted++;
	answered = now_us();
	load->whole_us[index] = answered - begun;
	load->connack_us[index] = answered - asked;
	if (!load->hold) {
		hang_up(ssl);
		return;
	}
	send_subscribe(ssl, id);
	if (receive(ssl, packet) != 9)
		die("no SUBACK");
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_spread(const char *name, double *values, long long count)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	printf(",\"%s\":{\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f}", name,
	       values[count / 2], values[count * 9 / 10],
	       values[count * 99 / 100]);
}

static void options(struct load *load, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i];
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(name, "--hold") == 0) {
			load->hold = true;
			continue;
		}
		if (strcmp(name, "--port") == 0)
			load->port = (int)strtol(value, NULL, 10);
		else if (strcmp(name, "--ca") == 0 &&
			 SSL_CTX_load_verify_locations(load->tls, value,
						       NULL) != 1)
			die(value);
		else if (strcmp(name, "--user") == 0)
			read_text(load->users.text, value);
		else if (strcmp(name, "--password") == 0)
			read_text(load->passwords.text, value);
		else if (strcmp(name, "--path") == 0)
			load->path = value;
		else if (strcmp(name, "--first") == 0)
			load->first = strtoll(value, NULL, 10);
		else if (strcmp(name, "--count") == 0)
			load->count = strtoll(value, NULL, 10);
		i++;
	}
	if (!load->port || !load->path || load->count < 1)
		die("usage: see the head of tests/bench/connect.c");
}

int main(int argc, char **argv)
{
	static struct load load;

	(void)signal(SIGPIPE, SIG_IGN); /* a refusal closes the connection */
	load.tls = SSL_CTX_new(TLS_client_method());
	if (!load.tls)
		die("TLS");
	SSL_CTX_set_verify(load.tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(load.tls, SSL_MODE_RELEASE_BUFFERS);
	options(&load, argc, argv);
	split(&load.users);
	split(&load.passwords);
	load.whole_us = calloc((size_t)load.count, sizeof(double));
	load.connack_us = calloc((size_t)load.count, sizeof(double));
	if (!load.whole_us || !load.connack_us)
		die("memory");
	for (long long i = 0; i < load.count; i++)
		one(&load, i);
	if (load.hold) {
		puts("held");
		fflush(stdout);
		while (getchar() != EOF)
			;
	}
	printf("{\"count\":%lld,\"accepted\":%lld", load.count, load.accepted);
	print_spread("whole_us", load.whole_us, load.count);
	print_spread("connack_us", load.connack_us, load.count);
	puts("}");
	free(load.whole_us);
	free(load.connack_us);
	SSL_CTX_free(load.tls);
	return 0;
}
