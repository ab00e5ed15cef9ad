#include "bridge/http/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core/verdicts.h"
#include "bridge/http/metrics_family.h"
#include "bridge/http/metrics_group.h"
#include "bridge/http/readiness.h"
#include "bridge/life/bridge.h"
#include "bridge/registrar/registrar.h"

static const char *const pending_names[TALLY_PENDING_COUNT] = {
#define X(name, text) [TALLY_PENDING_##name] = (text),
	TALLY_PENDING_LIST(X)
#undef X
};

static const char *const command_names[TALLY_COMMAND_COUNT] = {
#define X(name, text) [TALLY_COMMAND_##name] = (text),
	TALLY_COMMAND_LIST(X)
#undef X
};

static const char *const answer_names[TALLY_ANSWER_COUNT] = {
#define X(name, text) [TALLY_ANSWER_##name] = (text),
	TALLY_ANSWER_LIST(X)
#undef X
};

static const char *const dlq_names[TALLY_DLQ_COUNT] = {
#define X(name, text) [TALLY_DLQ_##name] = (text),
	TALLY_DLQ_LIST(X)
#undef X
};

/* --- the page */

static void labelled(FILE *out, const char *name, const char *label,
		     const char *text, uint64_t value)
{
	(void)fprintf(out, "%s{%s=\"%s\"} %llu\n", name, label, text,
		      (unsigned long long)value);
}

static void labelled_each(FILE *out, const char *name, const char *label,
			  const char *const *texts, const uint64_t *values,
			  size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		labelled(out, name, label, texts[i], values[i]);
}

static void write_decisions(FILE *out, const struct tally *metrics)
{
	static const char name[] = "ztp_decisions_total";

	metrics_family(out, name, "counter",
		       "Customer decisions that had an effect.");
	labelled(out, name, "decision", ZTP_VERDICT_APPROVE,
		 metrics->decisions[ZTP_APPROVE]);
	labelled(out, name, "decision", ZTP_VERDICT_REJECT,
		 metrics->decisions[ZTP_REJECT]);
}

static void write_results(FILE *out, const struct tally *metrics)
{
	static const char name[] = "ztp_results_total";
	int i;

	metrics_family(out, name, "counter",
		       "Records for the results topic: ends of requests, and "
		       "decisions without effect.");
	for (i = 0; i < ZTP_OUTCOME_COUNT; i++)
		labelled(out, name, "outcome",
			 ztp_outcome_name((enum ztp_outcome)i),
			 metrics->results[i]);
}

static void write_answers(FILE *out, const struct tally *metrics)
{
	static const char name[] = "ztp_device_answers_total";

	metrics_family(
		out, name, "counter",
		"Devices' answers to their commands; dropped: more than a "
		"device has to say.");
	labelled_each(out, name, "result", answer_names, metrics->answers,
		      TALLY_ANSWER_COUNT);
}

static void write_verdict(void *arg, const char *verdict, const char *code,
			  uint64_t count)
{
	(void)fprintf(arg,
		      "ztp_gate_verdicts_total{verdict=\"%s\",code=\"%s\"} "
		      "%llu\n",
		      verdict, code, (unsigned long long)count);
}

static void write_verdicts(FILE *out, const struct verdicts *verdicts)
{
	metrics_family(
		out, "ztp_gate_verdicts_total", "counter",
		"The gate's verdicts on devices, from its audit records; "
		"audit_limited: those without a record of their own.");
	verdicts_each(verdicts, write_verdict, out);
}

static void write_counters(FILE *out, const struct tally *metrics)
{
	static const char pending[] = "ztp_pending_events_total";
	static const char published[] = "ztp_requests_published_total";
	static const char commands[] = "ztp_commands_total";
	static const char dlq[] = "ztp_dlq_total";

	metrics_family(
		out, pending, "counter",
		"Pending events from the broker, by how they were handled.");
	labelled_each(out, pending, "result", pending_names, metrics->pending,
		      TALLY_PENDING_COUNT);
	metrics_family(
		out, published, "counter",
		"Requests that Kafka has acknowledged, including repeated "
		"announcements.");
	(void)fprintf(out, "%s %llu\n", published,
		      (unsigned long long)metrics->requests_published);
	write_decisions(out, metrics);
	metrics_family(
		out, commands, "counter",
		"Commands published to devices, by the broker's answer; "
		"erased: not published, because raw had no payload left.");
	labelled_each(out, commands, "result", command_names, metrics->commands,
		      TALLY_COMMAND_COUNT);
	write_answers(out, metrics);
	write_results(out, metrics);
	metrics_family(out, dlq, "counter",
		       "Records that could not be read or are too large to be "
		       "written, by origin; dropped: not even in the DLQ.");
	labelled_each(out, dlq, "stage", dlq_names, metrics->dlq,
		      TALLY_DLQ_COUNT);
}

static void write_latency(FILE *out, const struct tally *metrics)
{
	metrics_histogram(out, "ztp_decision_latency_seconds",
			  "Time from a request's announcement to its decision.",
			  tally_latency_bounds, TALLY_LATENCY_BUCKETS,
			  metrics->latency, metrics->latency_sum);
}

static void write_outstanding(FILE *out, const struct store *store)
{
	static const char name[] = "ztp_requests_outstanding";
	int state;

	metrics_family(out, name, "gauge",
		       "Requests that have not ended, by state.");
	for (state = 1; state < ZTP_STATE_END; state++) {
		enum ztp_state s = (enum ztp_state)state;

		if (!ztp_state_finished(s))
			labelled(out, name, "state", ztp_state_name(s),
				 (uint64_t)store_count(store, s));
	}
}

static void write_oldest(FILE *out, const struct bridge *b)
{
	int64_t received = store_oldest_undecided(b->store), age = 0;

	if (received)
		age = ztp_clock_steady(&b->core.clock) - received;
	metrics_family(
		out, "ztp_oldest_undecided_seconds", "gauge",
		"Age of the request that has waited longest for a decision; 0 "
		"if there is none.");
	(void)fprintf(out, "ztp_oldest_undecided_seconds %.3f\n",
		      age > 0 ? (double)age / 1000 : 0.0);
}

static void write_untaken(FILE *out, const struct bridge *b)
{
	static const char name[] = "ztp_gate_oldest_unacknowledged_seconds";

	metrics_family(
		out, name, "gauge",
		"Age of the event that the gate has offered longest without an "
		"acknowledgement, whoever serves it; renewed every 30 s.");
	(void)fprintf(out, "%s %lld\n", name,
		      (long long)registrar_oldest_unacked(b->registrar));
}

/* Left out where the part is not looked at. */
static void write_up(FILE *out, const char *name, const char *help,
		     const struct readiness *r, const char *part)
{
	size_t i;

	for (i = 0; i < r->count; i++) {
		if (strcmp(r->parts[i].name, part) != 0)
			continue;
		metrics_family(out, name, "gauge", help);
		(void)fprintf(out, "%s %d\n", name, r->parts[i].ok);
	}
}

/* As /readyz names them: who watches by metrics alone learns as much. */
static void write_ready(FILE *out, const struct readiness *r)
{
	static const char name[] = "ztp_ready";
	size_t i;

	metrics_family(out, name, "gauge",
		       "1 while this part, as /readyz names it, is usable.");
	for (i = 0; i < r->count; i++)
		labelled(out, name, "part", r->parts[i].name, r->parts[i].ok);
}

static void write_bytes(FILE *out, const struct store *store)
{
	metrics_family(out, "ztp_store_bytes", "gauge",
		       "Size of the store on disk, including its WAL.");
	(void)fprintf(out, "ztp_store_bytes %lld\n",
		      (long long)store_bytes(store));
}

static void write_gauges(FILE *out, const struct bridge *b,
			 const struct readiness *r)
{
	if (b->store) {
		write_outstanding(out, b->store);
		write_oldest(out, b);
	}
	write_untaken(out, b);
	write_up(out, "ztp_mqtt_connected",
		 "1 while the MQTT broker is usable.", r, "mqtt");
	write_up(out, "ztp_kafka_connected", "1 while Kafka is usable.", r,
		 "kafka");
	write_ready(out, r);
	if (b->store)
		write_bytes(out, b->store);
	metrics_family(out, "ztp_log_dropped_total", "counter",
		       "Log lines that stderr did not take at once.");
	(void)fprintf(out, "ztp_log_dropped_total %llu\n",
		      (unsigned long long)log_dropped(b->core.log));
	metrics_family(out, "ztp_build_info", "gauge",
		       "Always 1; the label is the version.");
	(void)fprintf(out, "ztp_build_info{version=\"%s\"} 1\n", ZTP_VERSION);
}

char *metrics_text(const struct bridge *b, const struct readiness *r)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool bad;

	if (!out)
		return NULL;
	write_counters(out, &b->total);
	write_verdicts(out, b->verdicts);
	write_latency(out, &b->total);
	write_gauges(out, b, r);
	if (b->group)
		metrics_group(out, b->core.config->kafka.group, b->group);
	bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}
