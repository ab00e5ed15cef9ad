/*
 * growth: what an event, a decision and an expiry cost, by the size of the
 * store.
 *
 *	growth DIR CERTIFICATES outstanding|finished COUNT...
 *
 * Fills a store in DIR (which must be empty) to each COUNT in turn, with
 * requests that wait for their decision or with devices that have theirs. For
 * each COUNT it writes a line of JSON: CPU time per event (checked,
 * journalled, stored, announced, acknowledged by Kafka), per decision
 * (applied, command built, delivered, result acknowledged) and per expiry; the
 * size on disk; and the time to open.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/bench/life.h"

#define STEPS	   8	 /* of LIFE_COUNT requests per measurement */
#define TIMES	   3	 /* measurements; the median counts */
#define FILL_BATCH 4096	 /* requests per transaction */
#define EXPIRY_MS  60000 /* deadline of events that nobody decides */

struct growth {
	struct life life;
	bool finished;
	uint64_t filled;
};

struct cost {
	double event, decision, expiry; /* us */
};

static double clock_us(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* --- filling: straight into the store, not through a whole life each */

static void describe(struct growth *g, struct store_request *r)
{
	uint64_t i = g->filled + 1, word;
	uint8_t random[10];
	size_t k;

	memset(r, 0, sizeof(*r));
	snprintf(r->path, sizeof(r->path),
		 "subscriptions/acme/registries/plant-7/devices/f%016llx",
		 (unsigned long long)mix(i));
	for (k = 0; k < sizeof(r->fingerprint); k += sizeof(word)) {
		word = mix(i * 5 + k);
		memcpy(r->fingerprint + k, &word, sizeof(word));
	}
	word = mix(i * 7);
	memcpy(random, &word, sizeof(word));
	memcpy(random + sizeof(word), &i, sizeof(random) - sizeof(word));
	ztp_uuid7(r->id, g->life.b.core.now, random);
	snprintf(r->traceparent, sizeof(r->traceparent),
		 "00-%016llx%016llx-%016llx-01", (unsigned long long)mix(i),
		 (unsigned long long)mix(i + 7),
		 (unsigned long long)mix(i + 9));
	r->state = ZTP_STATE_REQUESTED;
	r->attempt = 1;
	r->received_at = r->announced_at = g->life.b.core.now;
	r->expires_at = r->owed.due_at = g->life.b.core.now + 86400000;
	if (g->finished) {
		r->state = ZTP_STATE_ONBOARDED;
		r->owed.due_at = 0;
		r->finished_at = r->delivered_at = g->life.b.core.now;
	}
}

static void add(struct growth *g)
{
	static uint8_t payload[] = "{\"ntp\":[\"ntp1.example.com\"],"
				   "\"telemetry\":{\"interval_s\":60}}";
	struct life *l = &g->life;
	struct store_decision d = {.by_customer = true,
				   .verdict = ZTP_APPROVE,
				   .topic = "ztp.decisions",
				   .offset = (int64_t)g->filled};
	struct store_request r;

	describe(g, &r);
	life_check(l, store_request_add(l->b.store, &r, &l->error), "add");
	d.payload.kind = ZTP_PAYLOAD_JSON;
	d.payload.data = payload;
	d.payload.len = sizeof(payload) - 1;
	if (g->finished)
		life_check(l, store_decision_put(l->b.store, &r, &d, &l->error),
			   "decision");
	if (g->finished)
		life_check(l, store_request_save(l->b.store, &r, &l->error),
			   "save");
	g->filled++;
}

static void fill(struct growth *g, uint64_t count)
{
	while (g->filled < count) {
		add(g);
		if (g->filled % FILL_BATCH == 0)
			life_commit(&g->life);
	}
	life_commit(&g->life);
}

/* --- measuring */

static double run_events(struct life *l)
{
	double start = clock_us(CLOCK_THREAD_CPUTIME_ID);

	life_events(l);
	life_requests(l);
	life_kafka(l);
	return clock_us(CLOCK_THREAD_CPUTIME_ID) - start;
}

static double run_decisions(struct life *l)
{
	double start = clock_us(CLOCK_THREAD_CPUTIME_ID);

	life_decisions(l);
	life_commands(l);
	life_delivered(l);
	life_kafka(l);
	return clock_us(CLOCK_THREAD_CPUTIME_ID) - start;
}

static double run_expiry(struct life *l)
{
	int64_t before = store_count(l->b.store, ZTP_STATE_EXPIRED);
	double start;

	l->b.core.now += 2 * (int64_t)EXPIRY_MS;
	start = clock_us(CLOCK_THREAD_CPUTIME_ID);
	life_expire(l);
	life_kafka(l);
	start = clock_us(CLOCK_THREAD_CPUTIME_ID) - start;
	if (store_count(l->b.store, ZTP_STATE_EXPIRED) != before + LIFE_COUNT) {
		fprintf(stderr, "growth: not all have expired\n");
		exit(1);
	}
	return start;
}

/* In wall-clock time; the bridge's own clock runs ahead of it here. */
static int64_t deadline(const struct life *l)
{
	return ztp_clock_wall() + l->b.core.now -
	       ztp_clock_steady(&l->b.core.clock) + EXPIRY_MS;
}

static void measure_once(struct life *l, struct cost *cost)
{
	int i;

	*cost = (struct cost){0};
	for (i = 0; i < STEPS; i++) {
		l->expires_at = 0;
		cost->event += run_events(l);
		cost->decision += run_decisions(l);
		l->first += LIFE_COUNT;
		l->expires_at = deadline(l);
		run_events(l);
		cost->expiry += run_expiry(l);
		l->first += LIFE_COUNT;
	}
	cost->event /= STEPS * LIFE_COUNT;
	cost->decision /= STEPS * LIFE_COUNT;
	cost->expiry /= STEPS * LIFE_COUNT;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *of)
{
	qsort(of, TIMES, sizeof(*of), by_size);
	return of[TIMES / 2];
}

static void measure(struct life *l, struct cost *cost)
{
	double event[TIMES], decision[TIMES], expiry[TIMES];
	int i;

	for (i = 0; i < TIMES; i++) {
		measure_once(l, cost);
		event[i] = cost->event;
		decision[i] = cost->decision;
		expiry[i] = cost->expiry;
	}
	*cost = (struct cost){median(event), median(decision), median(expiry)};
}

/* Evicts what the measurement finished, unless finished requests are what
 * is measured. */
static void evict_finished(struct growth *g)
{
	struct life *l = &g->life;
	int rc = 1;

	while (rc > 0 && !g->finished) {
		rc = store_evict(l->b.store, 0, false, FILL_BATCH, &l->error);
		life_check(l, rc, "evict");
		life_commit(l);
	}
}

static long long resident(void)
{
	const char *pages = NULL;
	char line[128] = "";
	FILE *file = fopen("/proc/self/statm", "re");

	if (file && fgets(line, sizeof(line), file))
		pages = strchr(line, ' '); /* the second number: resident */
	if (!pages)
		exit(1);
	fclose(file);
	return strtoll(pages, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void report(struct growth *g, uint64_t count)
{
	struct life *l = &g->life;
	struct stat file;
	int64_t rows;
	long long rss;
	struct cost cost;
	double start;

	fill(g, count);
	rows = store_unfinished(l->b.store) + store_finished(l->b.store);
	life_stop(l);	/* the WAL is written back to the file */
	malloc_trim(0); /* Kafka's mock used memory in this process */
	if (stat(l->store, &file) != 0)
		exit(1);
	start = clock_us(CLOCK_MONOTONIC);
	life_start(l);
	start = clock_us(CLOCK_MONOTONIC) - start;
	rss = resident();
	life_connect(l);
	measure(l, &cost);
	evict_finished(g);
	printf("{\"kind\":\"%s\",\"count\":%llu,\"event_us\":%.2f,"
	       "\"decision_us\":%.2f,\"expiry_us\":%.2f,"
	       "\"bytes_each\":%.1f,\"start_s\":%.4f,\"rss_bytes\":%lld}\n",
	       g->finished ? "finished" : "outstanding",
	       (unsigned long long)count, cost.event, cost.decision,
	       cost.expiry, (double)file.st_size / (double)rows, start / 1e6,
	       rss);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct growth g = {.filled = 0};
	int i;

	if (argc < 5) {
		fprintf(stderr, "usage: growth DIR CERTIFICATES "
				"outstanding|finished COUNT...\n");
		return 2;
	}
	g.finished = strcmp(argv[3], "finished") == 0;
	life_open(&g.life, argv[1], argv[2]);
	for (i = 4; i < argc; i++)
		report(&g, strtoull(argv[i], NULL, 10));
	life_close(&g.life);
	return 0;
}
