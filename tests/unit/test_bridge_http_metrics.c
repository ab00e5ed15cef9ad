/* The metrics page, with a bridge made by hand: which event counts where, and
 * that every name and label value is present before anything has happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "base/clock.h"
#include "bridge/core/verdicts.h"
#include "bridge/http/metrics.h"
#include "bridge/http/readiness.h"
#include "bridge/life/bridge.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define T0 1700000000000LL

struct fixture {
	char folder[64], path[96];
	struct bridge b;
	struct log log;
	struct readiness ready;
	char *page;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ztp_error error;

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "/tmp/ztp-metrics-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/store.db", f->folder);
	assert_int_equal(store_open(&f->b.store, f->path, false, &error), 0);
	assert_int_equal(verdicts_new(&f->b.verdicts, &error), 0);
	log_init(&f->log, -1, LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
	f->b.core.log = &f->log;
	f->b.core.clock.anchor_boot = ztp_clock_boot();
	f->b.core.clock.anchor_steady = T0;
	f->ready = (struct readiness){
		.parts = {{"mqtt", true, ""}, {"kafka", false, "away"}},
		.count = 2,
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	struct fixture *f = *state;
	char name[128];
	size_t i;

	store_close(f->b.store);
	verdicts_free(f->b.verdicts);
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", f->path, ends[i]);
		(void)unlink(name);
	}
	assert_int_equal(rmdir(f->folder), 0);
	free(f->page);
	free(f);
	return 0;
}

static void make_page(struct fixture *f)
{
	free(f->page);
	f->page = metrics_text(&f->b, &f->ready);
	assert_non_null(f->page);
}

/* The value of the only sample with this name and labels. */
static double value(const struct fixture *f, const char *sample)
{
	size_t len = strlen(sample), found = 0;
	const char *line = f->page, *end;
	double number = -1;

	while ((end = strchr(line, '\n'))) {
		if (strncmp(line, sample, len) == 0 && line[len] == ' ') {
			char *rest;

			number = strtod(line + len + 1, &rest);
			assert_ptr_equal(rest, end);
			found++;
		}
		line = end + 1;
	}
	if (found != 1)
		fail_msg("%s: %d times", sample, (int)found);
	return number;
}

static void add_request(struct fixture *f, const char *id, enum ztp_state state,
			int64_t received_at)
{
	struct store_request r = {.state = state,
				  .attempt = 1,
				  .received_at = received_at,
				  .expires_at = received_at + 1000};
	struct ztp_error error;

	snprintf(r.id, sizeof(r.id), "%s", id);
	snprintf(r.path, sizeof(r.path),
		 "subscriptions/acme/registries/plant-7/devices/%s", id);
	if (ztp_state_undecided(state))
		r.owed.due_at = r.expires_at;
	assert_int_equal(store_request_add(f->b.store, &r, &error), 0);
	assert_int_equal(store_commit(f->b.store, T0, &error), 0);
}

/* Every sample belongs to the family announced before it, and every family has
 * HELP, TYPE and at least one sample. */
static void assert_well_formed(const char *page)
{
	char family[64] = "", copy[32768], *line, *rest = copy;
	size_t samples = 1, families = 0;

	assert_true(strlen(page) < sizeof(copy));
	assert_int_equal(page[strlen(page) - 1], '\n');
	snprintf(copy, sizeof(copy), "%s", page);
	while ((line = strsep(&rest, "\n")) && *line) {
		char name[64];

		if (sscanf(line, "# HELP %63s", name) == 1) {
			assert_int_not_equal(samples, 0);
			samples = 0;
			families++;
			snprintf(family, sizeof(family), "%s", name);
		} else if (sscanf(line, "# TYPE %63s", name) == 1) {
			assert_string_equal(name, family);
			assert_int_equal(samples, 0);
		} else {
			assert_memory_equal(line, family, strlen(family));
			samples++;
		}
	}
	assert_null(rest ? strchr(rest, '\n') : NULL);
	assert_int_equal(families, 18);
}

/* What counts is there before there is anything to count. */
static const char *const zeros[] = {
	"ztp_pending_events_total{result=\"new\"}",
	"ztp_pending_events_total{result=\"merged\"}",
	"ztp_pending_events_total{result=\"reannounced\"}",
	"ztp_pending_events_total{result=\"cooldown\"}",
	"ztp_pending_events_total{result=\"redeliver\"}",
	"ztp_pending_events_total{result=\"conflict\"}",
	"ztp_pending_events_total{result=\"expired\"}",
	"ztp_pending_events_total{result=\"too_many\"}",
	"ztp_pending_events_total{result=\"invalid\"}",
	"ztp_requests_published_total",
	"ztp_decisions_total{decision=\"approve\"}",
	"ztp_decisions_total{decision=\"reject\"}",
	"ztp_commands_total{result=\"delivered\"}",
	"ztp_commands_total{result=\"no_subscriber\"}",
	"ztp_commands_total{result=\"refused\"}",
	"ztp_commands_total{result=\"lost\"}",
	"ztp_commands_total{result=\"given_up\"}",
	"ztp_results_total{outcome=\"onboarded\"}",
	"ztp_results_total{outcome=\"rejected\"}",
	"ztp_results_total{outcome=\"conflict\"}",
	"ztp_results_total{outcome=\"expired\"}",
	"ztp_results_total{outcome=\"undeliverable\"}",
	"ztp_results_total{outcome=\"failed\"}",
	"ztp_results_total{outcome=\"withdrawn\"}",
	"ztp_results_total{outcome=\"unknown_request\"}",
	"ztp_results_total{outcome=\"mismatch\"}",
	"ztp_results_total{outcome=\"invalid\"}",
	"ztp_results_total{outcome=\"duplicate\"}",
	"ztp_results_total{outcome=\"already_decided\"}",
	"ztp_dlq_total{stage=\"pending\"}",
	"ztp_dlq_total{stage=\"decision\"}",
	"ztp_requests_outstanding{state=\"received\"}",
	"ztp_requests_outstanding{state=\"requested\"}",
	"ztp_requests_outstanding{state=\"approved\"}",
	"ztp_requests_outstanding{state=\"registered\"}",
	"ztp_requests_outstanding{state=\"delivered\"}",
	"ztp_oldest_undecided_seconds",
	"ztp_gate_oldest_unacknowledged_seconds",
	"ztp_decision_latency_seconds_bucket{le=\"0.1\"}",
	"ztp_decision_latency_seconds_bucket{le=\"259200\"}",
	"ztp_decision_latency_seconds_bucket{le=\"+Inf\"}",
	"ztp_decision_latency_seconds_sum",
	"ztp_decision_latency_seconds_count",
	"ztp_kafka_connected",
};

static void test_all_names_from_the_start(void **state)
{
	struct fixture *f = *state;
	size_t i;

	make_page(f);
	assert_well_formed(f->page);
	for (i = 0; i < sizeof(zeros) / sizeof(*zeros); i++)
		assert_true(value(f, zeros[i]) == 0);
	assert_true(value(f, "ztp_mqtt_connected") == 1);
	assert_true(value(f, "ztp_store_bytes") > 0);
	assert_true(value(f, "ztp_build_info{version=\"" ZTP_VERSION "\"}") ==
		    1);
}

static void test_dropped_lines_count(void **state)
{
	struct fixture *f = *state;

	make_page(f);
	assert_true(value(f, "ztp_log_dropped_total") == 0);
	log_info(&f->log, "lost");
	make_page(f);
	assert_true(value(f, "ztp_log_dropped_total") == 1);
}

static void test_finished_requests_are_not_outstanding(void **state)
{
	struct fixture *f = *state;

	make_page(f);
	assert_null(strstr(f->page, "state=\"onboarded\""));
	assert_null(strstr(f->page, "state=\"undeliverable\""));
}

static void test_latency_is_cumulative(void **state)
{
	struct fixture *f = *state;
	struct tally *m = &f->b.total;

	tally_decision_latency(m, -5); /* the clock was set */
	tally_decision_latency(m, 100);
	tally_decision_latency(m, 101);
	tally_decision_latency(m, 60000);
	tally_decision_latency(m, 300000000);
	make_page(f);
	assert_well_formed(f->page);
#define BUCKET(le)                                                             \
	value(f, "ztp_decision_latency_seconds_bucket{le=\"" le "\"}")
	assert_true(BUCKET("0.1") == 2);
	assert_true(BUCKET("0.5") == 3);
	assert_true(BUCKET("15") == 3);
	assert_true(BUCKET("60") == 4);
	assert_true(BUCKET("259200") == 4);
	assert_true(BUCKET("+Inf") == 5);
#undef BUCKET
	assert_true(value(f, "ztp_decision_latency_seconds_count") == 5);
	assert_true(value(f, "ztp_decision_latency_seconds_sum") == 300060.201);
}

static void test_a_batch_counts_once(void **state)
{
	struct fixture *f = *state;
	struct tally *t = &f->b.core.tally, zero = {0};

	f->b.total.dlq[TALLY_DLQ_DECISION] = 40;
	t->pending[TALLY_PENDING_INVALID] = 1;
	t->requests_published = 2;
	t->decisions[ZTP_REJECT] = 3;
	t->commands[TALLY_COMMAND_LOST] = 4;
	t->results[ZTP_OUTCOME_ALREADY_DECIDED] = 5;
	t->dlq[TALLY_DLQ_DECISION] = 6;
	tally_decision_latency(t, 1e9);
	tally_add(&f->b.total, t);
	assert_memory_equal(t, &zero, sizeof(zero));
	tally_add(&f->b.total, t);
	make_page(f);
	assert_true(value(f, "ztp_pending_events_total{result=\"invalid\"}") ==
		    1);
	assert_true(value(f, "ztp_requests_published_total") == 2);
	assert_true(value(f, "ztp_decisions_total{decision=\"reject\"}") == 3);
	assert_true(value(f, "ztp_decisions_total{decision=\"approve\"}") == 0);
	assert_true(value(f, "ztp_commands_total{result=\"lost\"}") == 4);
	assert_true(
		value(f, "ztp_results_total{outcome=\"already_decided\"}") ==
		5);
	assert_true(value(f, "ztp_dlq_total{stage=\"decision\"}") == 46);
	assert_true(value(f, "ztp_decision_latency_seconds_count") == 1);
	assert_true(value(f, "ztp_decision_latency_seconds_sum") == 1e6);
}

static void test_outstanding_and_oldest(void **state)
{
	struct fixture *f = *state;
	double age;

	add_request(f, "old-and-done", ZTP_STATE_REJECTED, T0 - 9000000);
	add_request(f, "old-and-away", ZTP_STATE_REGISTERED, T0 - 8000000);
	add_request(f, "asked", ZTP_STATE_REQUESTED, T0 - 5000);
	add_request(f, "new", ZTP_STATE_RECEIVED, T0 - 1000);
	add_request(f, "newer", ZTP_STATE_RECEIVED, T0 - 1000);
	make_page(f);
#define STATE(name) value(f, "ztp_requests_outstanding{state=\"" name "\"}")
	assert_true(STATE("received") == 2);
	assert_true(STATE("requested") == 1);
	assert_true(STATE("approved") == 0);
	assert_true(STATE("registered") == 1);
#undef STATE
	age = value(f, "ztp_oldest_undecided_seconds");
	assert_true(age >= 5 && age < 60);
	/* no device is named anywhere */
	assert_null(strstr(f->page, "asked"));
	assert_null(strstr(f->page, "acme"));
}

static void test_an_age_is_never_negative(void **state)
{
	struct fixture *f = *state;

	add_request(f, "from-the-future", ZTP_STATE_REQUESTED, T0 + 9000000);
	make_page(f);
	assert_true(value(f, "ztp_oldest_undecided_seconds") == 0);
}

static void test_parts_that_are_up(void **state)
{
	struct fixture *f = *state;

	f->ready.parts[0].ok = false;
	f->ready.parts[1].ok = true;
	make_page(f);
	assert_true(value(f, "ztp_mqtt_connected") == 0);
	assert_true(value(f, "ztp_kafka_connected") == 1);
}

/* Also those without a metric of their own: who watches by metrics alone would
 * not hear that the gate lets nobody in, or that the disk is full. */
static void test_every_part_is_told(void **state)
{
	struct fixture *f = *state;
	struct readiness *r = &f->ready;

	r->parts[r->count++] =
		(struct readiness_part){.name = "store", .ok = true};
	r->parts[r->count++] = (struct readiness_part){.name = "gate"};
	make_page(f);
	assert_well_formed(f->page);
	assert_true(value(f, "ztp_ready{part=\"mqtt\"}") == 1);
	assert_true(value(f, "ztp_ready{part=\"kafka\"}") == 0);
	assert_true(value(f, "ztp_ready{part=\"store\"}") == 1);
	assert_true(value(f, "ztp_ready{part=\"gate\"}") == 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_all_names_from_the_start),
		T(test_dropped_lines_count),
		T(test_finished_requests_are_not_outstanding),
		T(test_latency_is_cumulative),
		T(test_a_batch_counts_once),
		T(test_outstanding_and_oldest),
		T(test_an_age_is_never_negative),
		T(test_parts_that_are_up),
		T(test_every_part_is_told),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
