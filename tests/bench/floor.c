/*
 * floor: the least cost of any program that keeps the bridge's guarantees.
 * Paho used as in bridge/mqtt/mqtt_in.c, one write to a journal before the
 * PUBACK, the certificate parsed, and a record of a request's size handed to
 * librdkafka. No JSON, no store, no record built, no delivery reports.
 *
 * Records are sent batch by batch, each after Kafka has acknowledged the
 * previous one. Whatever the rate, batches are as large as Kafka's latency
 * makes them, and none waits for a timer. With more in flight, an idempotent
 * librdkafka (2.0.2) polls without pause, and that would not be the least
 * cost.
 *   floor --port P --client-id C --topic T --brokers B --kafka-topic K
 *         --journal FILE
 * It is not a bridge: nobody reads its journal.
 *   floor --certs FILE
 * measures what the certificate alone costs.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <MQTTAsync.h>
#include <librdkafka/rdkafka.h>

#include "ztp/cert.h"

#define RECORD	1030 /* bytes of value and headers, roughly */
#define ENTRY	320  /* bytes of an event in the journal, roughly */
#define RING	2048 /* records */
#define KEY_MAX 256
#define PARSES	5000
#define SEGMENT (64 * 1024 * 1024) /* then starts again from the beginning */

struct record {
	char value[RECORD];
	char key[KEY_MAX];
	size_t key_len;
};

struct floor {
	const char *port, *client_id, *topic, *brokers, *kafka_topic, *journal;
	const char *certs;
	MQTTAsync client;
	rd_kafka_t *rk;
	rd_kafka_topic_t *records;
	int fd;
	off_t at;

	pthread_mutex_t lock;
	pthread_cond_t work, room;
	struct record ring[RING];
	uint64_t in, out;
};

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "floor: %s: %s\n", what, why);
	_exit(1);
}

/* --- an event */

/* Returns the text between `before` and the next quote. */
static const char *between(const char *text, size_t len, const char *before,
			   size_t *n)
{
	const char *at = memmem(text, len, before, strlen(before)), *end;

	if (!at)
		die(before, "not in the event");
	at += strlen(before);
	end = memchr(at, '"', len - (size_t)(at - text));
	if (!end)
		die(before, "not terminated");
	*n = (size_t)(end - at);
	return at;
}

static void append(struct floor *f)
{
	static const char entry[ENTRY];

	if (pwrite(f->fd, entry, sizeof(entry), f->at) != sizeof(entry))
		die("journal", strerror(errno));
	f->at = (f->at + (off_t)sizeof(entry)) % SEGMENT;
}

static void parse(const char *pem, size_t n)
{
	struct ztp_error error = {0};
	struct ztp_cert cert;

	if (ztp_cert_parse(&cert, pem, n, &error) != 0)
		die("certificate", error.message);
	ztp_cert_clear(&cert);
}

static void fill(struct record *record, const char *text, size_t len)
{
	size_t id_len, path_len;
	const char *id = between(text, len, "\"request_id\":\"", &id_len);
	const char *path = between(text, len, "\"device_path\":\"", &path_len);
	int n = snprintf(record->value, sizeof(record->value),
			 "{\"request_id\":\"%.*s\"}", (int)id_len, id);

	memset(record->value + n, ' ', sizeof(record->value) - (size_t)n);
	if (path_len > sizeof(record->key))
		die("device_path", "too long");
	memcpy(record->key, path, path_len);
	record->key_len = path_len;
}

/* Waits when the ring is full, so that a backlog stays in the broker. */
static void hand_over(struct floor *f, const char *text, size_t len)
{
	pthread_mutex_lock(&f->lock);
	while (f->in - f->out == RING)
		pthread_cond_wait(&f->room, &f->lock);
	fill(&f->ring[f->in % RING], text, len);
	if (f->in++ == f->out)
		pthread_cond_signal(&f->work);
	pthread_mutex_unlock(&f->lock);
}

static void produce(struct floor *f, const struct record *record)
{
	if (rd_kafka_produce(
		    f->records, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
		    (void *)(uintptr_t)record->value, sizeof(record->value),
		    record->key, record->key_len, NULL))
		die("produce", rd_kafka_err2str(rd_kafka_last_error()));
}

static void *send_batches(void *arg)
{
	struct floor *f = arg;
	uint64_t from, until;

	for (;;) {
		pthread_mutex_lock(&f->lock);
		while (f->in == f->out)
			pthread_cond_wait(&f->work, &f->lock);
		from = f->out;
		until = f->in;
		pthread_mutex_unlock(&f->lock);
		/* No other thread touches the records in between. */
		for (; from < until; from++)
			produce(f, &f->ring[from % RING]);
		pthread_mutex_lock(&f->lock);
		f->out = until;
		pthread_cond_signal(&f->room);
		pthread_mutex_unlock(&f->lock);
		/* While flushing, librdkafka does not linger. */
		rd_kafka_flush(f->rk, -1);
	}
	return NULL;
}

static int on_message(void *arg, char *topic, int topic_len,
		      MQTTAsync_message *message)
{
	struct floor *f = arg;
	size_t len = (size_t)message->payloadlen, n;
	const char *pem =
		between(message->payload, len, "\"certificate\":\"", &n);

	(void)topic_len;
	parse(pem, n);
	append(f);
	hand_over(f, message->payload, len);
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

/* --- the two connections */

static void on_lost(void *arg, char *cause)
{
	(void)arg;
	die("MQTT", cause ? cause : "connection lost");
}

static void on_failure(void *arg, MQTTAsync_failureData5 *data)
{
	(void)arg;
	die("MQTT", data && data->message ? data->message : "refused");
}

static void on_connect(void *arg, MQTTAsync_successData5 *data)
{
	struct floor *f = arg;
	MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;

	(void)data;
	o.onFailure5 = on_failure;
	if (MQTTAsync_subscribe(f->client, f->topic, 1, &o))
		die("MQTT", "cannot subscribe");
}

static void connect_mqtt(struct floor *f)
{
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
	MQTTAsync_connectOptions o = MQTTAsync_connectOptions_initializer5;
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTProperty expiry = {
		.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
		.value.integer4 = UINT32_MAX,
	};
	char url[64];

	MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%s", f->port);
	options.MQTTVersion = MQTTVERSION_5;
	if (MQTTAsync_createWithOptions(&f->client, url, f->client_id,
					MQTTCLIENT_PERSISTENCE_NONE, NULL,
					&options) ||
	    MQTTAsync_setCallbacks(f->client, f, on_lost, on_message, NULL) ||
	    MQTTProperties_add(&properties, &expiry))
		die("MQTT", "cannot make a client");
	o.cleanstart = 0;
	o.context = f;
	o.onSuccess5 = on_connect;
	o.onFailure5 = on_failure;
	o.connectProperties = &properties;
	if (MQTTAsync_connect(f->client, &o))
		die("MQTT", "cannot connect");
	MQTTProperties_free(&properties);
}

static void connect_kafka(struct floor *f)
{
	/* As in bridge/kafka/producer.c. */
	static const char *const settings[][2] = {
		{"enable.idempotence", "true"},
		{"acks", "all"},
		{"linger.ms", "5"},
		{"message.timeout.ms", "0"},
		{"socket.nagle.disable", "true"},
		{"queue.buffering.max.kbytes", "65536"}};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why,
				      sizeof(why)) != RD_KAFKA_CONF_OK)
			die("Kafka", why);
	if (rd_kafka_conf_set(conf, "bootstrap.servers", f->brokers, why,
			      sizeof(why)) != RD_KAFKA_CONF_OK)
		die("Kafka", why);
	f->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!f->rk)
		die("Kafka", why);
	f->records = rd_kafka_topic_new(f->rk, f->kafka_topic, NULL);
	if (!f->records)
		die("Kafka", "no topic");
}

/* --- only the certificate */

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int certificate_alone(const char *name)
{
	FILE *file = fopen(name, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len = file ? getline(&line, &cap, file) : -1;
	double start = cpu_us();
	int i;

	if (len < 2)
		die(name, "no certificate");
	for (i = 0; i < PARSES; i++)
		parse(line, (size_t)len - 1);
	printf("{\"certificate_us\":%.2f}\n", (cpu_us() - start) / PARSES);
	free(line);
	fclose(file);
	return 0;
}

static void options(struct floor *f, int argc, char **argv)
{
	static const struct option names[] = {
		{"port", required_argument, NULL, 'p'},
		{"client-id", required_argument, NULL, 'c'},
		{"topic", required_argument, NULL, 't'},
		{"brokers", required_argument, NULL, 'b'},
		{"kafka-topic", required_argument, NULL, 'k'},
		{"journal", required_argument, NULL, 'j'},
		{"certs", required_argument, NULL, 'C'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == 'p')
			f->port = optarg;
		else if (option == 'c')
			f->client_id = optarg;
		else if (option == 't')
			f->topic = optarg;
		else if (option == 'b')
			f->brokers = optarg;
		else if (option == 'k')
			f->kafka_topic = optarg;
		else if (option == 'j')
			f->journal = optarg;
		else if (option == 'C')
			f->certs = optarg;
		else
			exit(2);
	}
	if (f->certs)
		return;
	if (!f->port || !f->client_id || !f->topic || !f->brokers ||
	    !f->kafka_topic || !f->journal) {
		fprintf(stderr, "floor: wrong arguments\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct floor f = {.fd = -1,
				 .lock = PTHREAD_MUTEX_INITIALIZER,
				 .work = PTHREAD_COND_INITIALIZER,
				 .room = PTHREAD_COND_INITIALIZER};
	pthread_t sender;
	sigset_t set;
	int got;

	options(&f, argc, argv);
	if (f.certs)
		return certificate_alone(f.certs);
	if (!f.journal)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	f.fd = open(f.journal, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f.fd < 0 || posix_fallocate(f.fd, 0, SEGMENT))
		die(f.journal, "cannot be made");
	connect_kafka(&f);
	if (pthread_create(&sender, NULL, send_batches, &f))
		die("thread", "cannot be made");
	connect_mqtt(&f);
	sigwait(&set, &got);
	return 0;
}
