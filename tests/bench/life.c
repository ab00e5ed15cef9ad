#include "tests/bench/life.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bridge/core/verdicts.h"
#include "bridge/kafka/consumer.h"
#include "bridge/kafka/producer_internal.h"
#include "bridge/life/decisions.h"
#include "bridge/life/delivery.h"
#include "bridge/life/pending.h"
#include "bridge/life/records.h"

#define ID_FORM	 "01a21d55-4672-7e86-a038-%012x" /* ascending */
#define PATH	 "subscriptions/acme/registries/plant-7/devices/d%016llx"
#define TRACE	 "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define KAFKA_MS 30000
#define TEXT_MAX 8192

void life_check(const struct life *l, int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, l->error.message);
	exit(1);
}

void life_commit(struct life *l)
{
	life_check(l, store_commit(l->b.store, l->b.core.now, &l->error),
		   "commit");
}

/* Device names are in random order: the worst case for an index. */
static unsigned long long name_of(int i)
{
	return (unsigned long long)(i + 1) * 0x9e3779b97f4a7c15u;
}

/* --- the steps */

static void receive_event(struct life *l, int i)
{
	char text[TEXT_MAX], until[ZTP_TIME_LEN] = "", expires[64] = "";
	int n;

	if (l->expires_at != 0) {
		ztp_time_format(until, l->expires_at);
		snprintf(expires, sizeof(expires), ",\"expires_at\":\"%s\"",
			 until);
	}
	n = snprintf(text, sizeof(text),
		     "{\"request_id\":\"" ID_FORM "\",\"device_path\":\"" PATH
		     "\",\"certificate\":\"%s\",\"attempt\":1,"
		     "\"remote_addr\":\"192.0.2.1\","
		     "\"traceparent\":\"" TRACE "\"%s}",
		     i, name_of(i), l->certs[i % LIFE_CERTS], expires);
	receive_message(&l->receiver, "ztp/v1/pending", text, (size_t)n);
}

void life_events(struct life *l)
{
	int i;

	for (i = 0; i < LIFE_COUNT; i++)
		receive_event(l, l->first + i);
}

/* Ends a turn as the loop does: stores what the producer still holds. */
static void end_turn(struct life *l)
{
	struct bridge *b = &l->b;
	struct journal_mark floor = producer_floor(b->producer, &b->mark);

	life_check(l, store_mark_set(b->store, &b->mark, &floor, &l->error),
		   "mark");
	life_commit(l);
	producer_settle(b->producer);
	store_floor_get(b->store, &floor);
	journal_release(b->journal, &floor);
}

void life_requests(struct life *l)
{
	bool more = true, blocked = false;

	while (more && !blocked) {
		life_check(l,
			   pending_apply(&l->b, LIFE_BATCH, &more, &blocked,
					 &l->error),
			   "journal");
		end_turn(l);
	}
}

static void wait_for_kafka(struct life *l)
{
	struct pollfd woken = {.fd = l->wake_fd, .events = POLLIN};
	uint64_t count;

	if (poll(&woken, 1, KAFKA_MS) != 1 ||
	    read(l->wake_fd, &count, sizeof(count)) < 0) {
		fprintf(stderr, "Kafka does not answer in time\n");
		exit(1);
	}
}

static bool is_answered(const struct producer *p)
{
	int topic, sent = 0;

	for (topic = 1; topic < STORE_TOPIC_END; topic++)
		sent += p->windows[topic].sent;
	return sent == 0;
}

/* All partitions' answers in one turn: how many come together depends on the
 * time, and what a turn costs on how many came. */
static void collect_answers(struct life *l)
{
	do {
		wait_for_kafka(l);
		producer_collect(l->b.producer);
	} while (!is_answered(l->b.producer));
}

/* Nothing is in flight, and the producer waits: moves the clock forward. */
static void skip_wait(struct life *l)
{
	int64_t next = producer_next(l->b.producer);

	if (next <= l->b.core.now) {
		fprintf(stderr, "records wait, but no time is set\n");
		exit(1);
	}
	l->b.core.now = next;
}

void life_kafka(struct life *l)
{
	struct producer *p = l->b.producer;

	while (producer_in_flight(p) > 0 ||
	       store_outbox_count(l->b.store) > 0) {
		producer_pump(p);
		if (producer_in_flight(p) == 0) {
			skip_wait(l);
			continue;
		}
		producer_flush(p);
		collect_answers(l);
		life_check(l, producer_apply(p, &l->error), "apply");
		end_turn(l);
	}
}

void life_decisions(struct life *l)
{
	static const char payload[] =
		"{\"site\":\"plant-7\",\"ntp\":[\"ntp1.example.com\"],"
		"\"telemetry\":{\"interval_s\":60,\"topic\":\"events/t\"}}";
	struct consumer_record record = {.position = {"ztp.decisions", 0, 0}};
	char path[256], text[1024];
	int i;

	for (i = 0; i < LIFE_COUNT; i++) {
		unsigned long long name = name_of(l->first + i);

		snprintf(path, sizeof(path), PATH, name);
		record.key = (struct ztp_str){path, strlen(path)};
		record.value.p = text;
		record.value.n = (size_t)snprintf(
			text, sizeof(text),
			"{\"request_id\":\"" ID_FORM "\",\"device_path\":\"%s\""
			",\"decision\":\"approve\",\"decided_by\":\"life\","
			"\"payload\":%s}",
			l->first + i, path, payload);
		record.position.offset = l->first + i;
		life_check(l, decisions_apply(&l->b, &record, &l->error),
			   "verdict");
		if ((i + 1) % LIFE_BATCH == 0)
			life_commit(l);
	}
}

static int build_command(void *arg, struct store_request *r)
{
	struct life *l = arg;
	struct ztp_command command = {
		.request_id = r->id, .path = r->path, .status = "approved"};
	struct ztp_command_bytes bytes;
	struct store_decision d;
	char topic[ZTP_TOPIC_MAX + 1];
	struct ztp_path path;

	life_check(l, store_decision_get(l->b.store, r, true, &d, &l->error),
		   "decision");
	command.payload = &d.payload;
	life_check(l,
		   ztp_path_parse(&path, r->path, strlen(r->path), &l->error),
		   "path");
	life_check(l,
		   ztp_command_build(&bytes, ZTP_COMMAND_ENVELOPE, &command,
				     &l->error),
		   "command");
	ztp_topic_render(topic, l->b.core.config->mqtt.command_topic, &path);
	ztp_command_clear(&bytes);
	store_decision_clear(&d);
	l->rows[l->found++] = r->n;
	return 0;
}

static int build_owed(void *arg, const struct store_owed *owed)
{
	struct life *l = arg;
	struct store_request r;
	int rc = store_request_by_n(l->b.store, owed->n, &r, &l->error);

	return rc == 1 ? build_command(l, &r) : -1;
}

void life_commands(struct life *l)
{
	l->found = 0;
	store_read_begin(l->b.store); /* as the loop does */
	life_check(l,
		   store_retry_each(l->b.store, true, l->b.core.now, LIFE_COUNT,
				    build_owed, l, &l->error),
		   "due");
	store_read_end(l->b.store);
}

void life_delivered(struct life *l)
{
	int i;

	for (i = 0; i < l->found; i++) {
		life_check(l,
			   delivery_done(&l->b, l->rows[i], DELIVERY_TAKEN, 0,
					 &l->error),
			   "delivered");
		if ((i + 1) % LIFE_BATCH == 0)
			life_commit(l);
	}
}

void life_expire(struct life *l)
{
	bool waiting, more = true;

	l->b.horizon = l->b.core.now;
	while (more) {
		life_check(l,
			   decisions_time_out(&l->b, LIFE_BATCH, &waiting,
					      &more, &l->error),
			   "due");
		life_commit(l);
	}
}

/* --- setting up */

static void read_certs(struct life *l, const char *name)
{
	FILE *file = fopen(name, "re");
	size_t cap = 0;
	int i;

	for (i = 0; file && i < LIFE_CERTS; i++, cap = 0) {
		ssize_t n = getline(&l->certs[i], &cap, file);

		if (n < 2)
			break;
		l->certs[i][n - 1] = '\0';
	}
	if (i < LIFE_CERTS) {
		fprintf(stderr, "%s: not %d certificates\n", name, LIFE_CERTS);
		exit(1);
	}
	fclose(file);
}

/* Kafka is librdkafka's own mock cluster in this process, which a file may not
 * ask for. */
static void play_kafka(struct config *config)
{
	struct config_properties *all = &config->kafka.properties;

	all->items =
		realloc(all->items, (all->count + 1) * sizeof(*all->items));
	all->items[all->count++] = (struct config_property){
		.name = strdup("test.mock.num.brokers"), .value = strdup("1")};
}

/* Defaults, except that rejections are not notified, so that only
 * approvals are due to devices. */
static struct config *configure(struct life *l, const char *folder)
{
	struct config *config = NULL;
	char name[4096];
	FILE *file;
	int line;

	snprintf(name, sizeof(name), "%s/life.yaml", folder);
	file = fopen(name, "we");
	if (!file ||
	    fputs("onboarding: {notify_rejected: false}\n"
		  "store: {max_requests: 10000000}\n",
		  file) < 0 ||
	    fclose(file) != 0) {
		fprintf(stderr, "cannot write %s\n", name);
		exit(1);
	}
	life_check(l, config_load(&config, name, &line, &l->error), "config");
	play_kafka(config);
	return config;
}

void life_start(struct life *l)
{
	struct bridge *b = &l->b;
	struct journal_mark floor;

	life_check(l, store_open(&b->store, l->store, false, &l->error),
		   "store");
	ledger_local_init(&l->ledger, b->store, NULL);
	b->ledger = &l->ledger.ledger;
	life_check(l, verdicts_new(&b->verdicts, &l->error), "verdicts");
	ztp_clock_anchor(&b->core.clock, store_newest(b->store));
	b->core.now = ztp_clock_steady(&b->core.clock);
	life_check(l, store_reanchor(b->store, &l->error), "reanchor");
	life_commit(l);
	store_mark_get(b->store, &b->mark);
	store_floor_get(b->store, &floor);
	life_check(l,
		   journal_open(&b->journal, l->store, false, &b->mark, &floor,
				&l->error),
		   "journal");
	l->receiver.journal = b->journal;
	life_check(l, pending_recover(b, &l->error), "recover");
	life_commit(l);
}

void life_connect(struct life *l)
{
	struct bridge *b = &l->b;
	struct producer_user fates = {pending_announced, records_refused, b};
	struct consumer_user decisions = {decisions_apply, decisions_unreadable,
					  decisions_lost, b};

	life_check(l,
		   producer_new(&b->producer, &b->core, b->store, &fates,
				l->wake_fd, &l->error),
		   "producer");
	l->ledger.producer = b->producer;
	life_check(l,
		   consumer_new(&b->consumer, &b->core, b->store, b->probe,
				&decisions, l->wake_fd, &l->error),
		   "consumer");
}

void life_stop(struct life *l)
{
	consumer_free(l->b.consumer);
	producer_free(l->b.producer);
	l->b.consumer = NULL;
	l->b.producer = NULL;
	journal_close(l->b.journal);
	store_close(l->b.store);
	l->b.journal = NULL;
	l->b.store = NULL;
}

void life_open(struct life *l, const char *folder, const char *certs)
{
	struct bridge *b = &l->b;

	memset(l, 0, sizeof(*l));
	read_certs(l, certs);
	l->config = configure(l, folder);
	/* As under a service manager: lines are written, at level info. */
	log_init(&l->log, open("/dev/null", O_WRONLY | O_CLOEXEC),
		 LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	b->core.config = l->config;
	b->core.log = &l->log;
	b->store_ok = b->disk_ok = true;
	snprintf(b->source, sizeof(b->source), "/ztp-bridge/ztp-bridge");
	snprintf(l->store, sizeof(l->store), "%s/store.db", folder);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->receiver = (struct receiver){
		.core = &b->core,
		.coalesce = {.work_fd =
				     eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}};
	life_start(l);
	life_connect(l);
}

void life_close(struct life *l)
{
	int i;

	life_stop(l);
	receive_clear(&l->receiver);
	config_free(l->config);
	close(l->receiver.coalesce.work_fd);
	close(l->wake_fd);
	close(l->log.sink.fd);
	for (i = 0; i < LIFE_CERTS; i++)
		free(l->certs[i]);
}
