/*
 * What a request costs, by the number of requests. Drives the store as the
 * loop does, in the same transactions, without Kafka and MQTT.
 *
 *	scale DIR [REQUESTS] [BATCH] [random|ordered]
 *
 * Fills a store in DIR (which must be empty). At each step it prints what one
 * event costs and what a whole life costs (asked, announced, decided,
 * delivered); at the end, how long the store takes to open and how large it
 * has become. random: device paths are in random order, the worst case for
 * the indexes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bridge/store/store.h"
#include "ztp/codec.h"

#define VALUE_LEN 1150 /* a record of ztp.requests, roughly */
#define LIVES	  4096 /* whole lives per measurement */
#define PROBES	  20000
#define LOOKS	  200

struct bench {
	struct store *store;
	struct ztp_error error;
	char path[4096];
	int batch;
	bool random;
	int64_t now;
	uint64_t made; /* number of devices so far */
};

static void check(struct bench *b, int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "scale: %s: %s\n", what, b->error.message);
	exit(1);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static long rss_kib(void)
{
	long pages = 0;
	char line[128];
	const char *resident;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file) {
		if (fgets(line, sizeof(line), file) &&
		    (resident = strchr(line, ' ')) != NULL)
			pages = strtol(resident, NULL, 10);
		fclose(file);
	}
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int nothing(void *arg, struct store_request *r)
{
	(void)arg;
	(void)r;
	return 0;
}

/* --- the steps of a life, as bridge/ runs them */

static void describe(struct bench *b, struct store_request *r, uint64_t i)
{
	uint64_t name = b->random ? mix(i + 1) : i;
	uint8_t random[10];
	int k;

	memset(r, 0, sizeof(*r));
	snprintf(r->path, sizeof(r->path),
		 "subscriptions/acme/registries/plant-7/devices/d%016llx",
		 (unsigned long long)name);
	for (k = 0; k < ZTP_SHA256_LEN; k++)
		r->fingerprint[k] = (uint8_t)(mix(i * 37 + (uint64_t)k));
	for (k = 0; k < 10; k++)
		random[k] = (uint8_t)mix(i * 91 + (uint64_t)k);
	ztp_uuid7(r->id, b->now, random);
	snprintf(r->traceparent, sizeof(r->traceparent),
		 "00-%016llx%016llx-%016llx-01", (unsigned long long)mix(i),
		 (unsigned long long)mix(i + 7),
		 (unsigned long long)mix(i + 9));
	r->state = ZTP_STATE_RECEIVED;
	r->attempt = 1;
	r->received_at = r->announced_at = b->now;
	r->expires_at = r->owed.due_at = b->now + 86400000;
}

static void add_record(struct bench *b, enum store_topic topic,
		       const struct store_request *r, int64_t *seq)
{
	static char value[VALUE_LEN];
	struct ztp_header headers[] = {
		{"ce_specversion", {"1.0", 3}},
		{"ce_id", {r->id, strlen(r->id)}},
		{"ce_source", {"/ztp-bridge/ztp-bridge", 22}},
		{"ce_type", {"io.ztp.provisioning.requested.v1", 32}},
		{"ce_subject", {r->path, strlen(r->path)}},
		{"ce_time", {"2025-01-01T00:00:00.000Z", 24}},
		{"content-type", {"application/json", 16}},
		{"traceparent", {r->traceparent, strlen(r->traceparent)}},
	};
	struct store_record record = {
		.topic = topic,
		.request = topic == STORE_REQUESTS ? r->n : 0,
		.key = {r->path, strlen(r->path)},
		.value = {value, topic == STORE_REQUESTS ? VALUE_LEN : 400},
		.headers = headers,
		.header_count = sizeof(headers) / sizeof(*headers),
	};

	memset(value, 'v', sizeof(value));
	check(b, store_outbox_add(b->store, &record, &b->error), "outbox");
	*seq = record.seq;
}

static void ask(struct bench *b, uint64_t i, struct store_request *r,
		int64_t *seq)
{
	struct store_request other;

	describe(b, r, i);
	check(b, store_path_each(b->store, r->path, nothing, NULL, &b->error),
	      "path");
	check(b, store_request_by_id(b->store, r->id, &other, &b->error), "id");
	check(b, store_request_add(b->store, r, &b->error), "add");
	add_record(b, STORE_REQUESTS, r, seq);
}

static void commit(struct bench *b)
{
	struct journal_mark mark = {1, (uint64_t)b->now};

	b->now++;
	check(b, store_mark_set(b->store, &mark, &mark, &b->error), "mark");
	check(b, store_commit(b->store, b->now, &b->error), "commit");
}

static void announced(struct bench *b, int64_t n, int64_t seq)
{
	struct store_request r;

	check(b, store_outbox_remove(b->store, seq, &b->error), "remove");
	check(b, store_request_by_n(b->store, n, &r, &b->error), "by n");
	r.state = ZTP_STATE_REQUESTED;
	check(b, store_request_save(b->store, &r, &b->error), "save");
}

static void decide(struct bench *b, const char *id)
{
	static uint8_t payload[200];
	struct store_decision d = {.by_customer = true,
				   .verdict = ZTP_APPROVE,
				   .topic = "ztp.decisions",
				   .offset = b->now};
	struct store_request r;

	d.payload.kind = ZTP_PAYLOAD_JSON;
	d.payload.data = payload;
	d.payload.len = sizeof(payload);
	check(b, store_request_by_id(b->store, id, &r, &b->error), "by id");
	check(b, store_decision_put(b->store, &r, &d, &b->error), "put");
	check(b, store_path_each(b->store, r.path, nothing, NULL, &b->error),
	      "path");
	r.state = ZTP_STATE_REGISTERED;
	r.owed = (struct ztp_obligation){.what = ZTP_OWED_SEND,
					 .retry_at = b->now,
					 .due_at = b->now + 86400000};
	check(b, store_request_save(b->store, &r, &b->error), "save");
}

static void finish(struct bench *b, int64_t n, int64_t *seq)
{
	struct store_decision d;
	struct store_request r;

	check(b, store_request_by_n(b->store, n, &r, &b->error), "by n");
	check(b, store_decision_get(b->store, &r, true, &d, &b->error), "get");
	store_decision_clear(&d);
	r.state = ZTP_STATE_ONBOARDED;
	r.owed = (struct ztp_obligation){0};
	r.finished_at = r.delivered_at = b->now;
	add_record(b, STORE_RESULTS, &r, seq);
	check(b, store_request_save(b->store, &r, &b->error), "save");
}

/* --- measuring */

static double fill(struct bench *b, uint64_t until, bool keep_outbox)
{
	double start = cpu_seconds();
	uint64_t first = b->made;
	struct store_request r;
	int64_t *seqs = malloc((size_t)b->batch * sizeof(*seqs));
	int64_t *rows = malloc((size_t)b->batch * sizeof(*rows));
	int i, n;

	if (!seqs || !rows)
		exit(1);
	while (b->made < until) {
		for (n = 0; n < b->batch && b->made < until; n++) {
			ask(b, b->made++, &r, &seqs[n]);
			rows[n] = r.n;
		}
		commit(b);
		if (keep_outbox)
			continue;
		for (i = 0; i < n; i++)
			announced(b, rows[i], seqs[i]);
		commit(b);
	}
	free(seqs);
	free(rows);
	return (cpu_seconds() - start) / (double)(b->made - first) * 1e6;
}

/* LIVES devices arrive, are approved and finish; afterwards the store is
 * as before. */
static void lives(struct bench *b, double us[3])
{
	struct store_request *r = malloc(LIVES * sizeof(*r));
	int64_t *seq = malloc(LIVES * sizeof(*seq));
	double t[4];
	int i;

	if (!r || !seq)
		exit(1);
	t[0] = cpu_seconds();
	for (i = 0; i < LIVES; i++) {
		ask(b, b->made++, &r[i], &seq[i]);
		if ((i + 1) % b->batch == 0)
			commit(b);
	}
	commit(b);
	t[1] = cpu_seconds();
	for (i = 0; i < LIVES; i++) {
		announced(b, r[i].n, seq[i]);
		decide(b, r[i].id);
		if ((i + 1) % b->batch == 0)
			commit(b);
	}
	commit(b);
	t[2] = cpu_seconds();
	for (i = 0; i < LIVES; i++) {
		finish(b, r[i].n, &seq[i]);
		if ((i + 1) % b->batch == 0)
			commit(b);
	}
	for (i = 0; i < LIVES; i++)
		check(b, store_outbox_remove(b->store, seq[i], &b->error),
		      "remove");
	commit(b);
	t[3] = cpu_seconds();
	for (i = 0; i < 3; i++)
		us[i] = (t[i + 1] - t[i]) / LIVES * 1e6;
	while ((i = store_evict(b->store, 0, false, b->batch, &b->error)) > 0)
		commit(b);
	check(b, i, "evict");
	free(r);
	free(seq);
}

static void measure(struct bench *b)
{
	double us[3], start;
	int i;

	lives(b, us);
	printf("%9lld outstanding: ask %6.1f us, announce+decide %6.1f us, "
	       "deliver+finish %6.1f us, sum %6.1f us; ",
	       (long long)store_unfinished(b->store), us[0], us[1], us[2],
	       us[0] + us[1] + us[2]);
	start = seconds();
	for (i = 0; i < LOOKS; i++) {
		store_next_due(b->store, true);
		store_next_due(b->store, false);
		store_next_retry(b->store, true);
		store_next_retry(b->store, false);
		store_oldest_undecided(b->store);
	}
	printf("deadlines %.1f us; rss %ld KiB; disk %lld MiB\n",
	       (seconds() - start) / (double)LOOKS * 1e6, rss_kib(),
	       (long long)(store_bytes(b->store) >> 20));
	fflush(stdout);
}

static void reopen(struct bench *b, const char *what)
{
	double start;

	store_close(b->store);
	b->store = NULL;
	start = seconds();
	check(b, store_open(&b->store, b->path, false, &b->error), "open");
	check(b, store_reanchor(b->store, &b->error), "reanchor");
	check(b, store_commit(b->store, b->now, &b->error), "commit");
	printf("restart, %s: %.3f s; rss %ld KiB\n", what, seconds() - start,
	       rss_kib());
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct bench b = {.batch = 64, .random = true, .now = 1700000000000};
	long long total = argc > 2 ? strtoll(argv[2], NULL, 10) : 1000000;
	long long step;
	double us;

	if (argc < 2 || total < 1) {
		fprintf(stderr, "usage: scale DIR [REQUESTS] [BATCH] "
				"[random|ordered]\n");
		return 2;
	}
	if (argc > 3)
		b.batch = (int)strtol(argv[3], NULL, 10);
	if (argc > 4)
		b.random = strcmp(argv[4], "ordered") != 0;
	if (b.batch < 1)
		return 2;
	snprintf(b.path, sizeof(b.path), "%s/store.db", argv[1]);
	check(&b, store_open(&b.store, b.path, false, &b.error), "open");
	printf("batches of %d, %s paths; CPU time per request\n", b.batch,
	       b.random ? "random" : "ordered");
	measure(&b);
	measure(&b);
	for (step = 1000; step <= total; step *= 10) {
		us = fill(&b,
			  b.made + (uint64_t)step -
				  (uint64_t)store_unfinished(b.store),
			  false);
		printf("filled: %.1f us each\n", us);
		measure(&b);
	}
	printf("bytes per request: %.0f\n",
	       (double)store_bytes(b.store) /
		       (double)store_unfinished(b.store));
	reopen(&b, "all announced");
	us = fill(&b, b.made + (uint64_t)total / 5, true);
	printf("filled while Kafka is away: %.1f us each, %lld MiB\n", us,
	       (long long)(store_bytes(b.store) >> 20));
	reopen(&b, "with an outbox");
	measure(&b);
	store_close(b.store);
	return 0;
}
