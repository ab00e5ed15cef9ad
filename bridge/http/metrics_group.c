#include "bridge/http/metrics_group.h"

#include "bridge/http/metrics_family.h"

/* Kafka takes any text as a group's name. */
static void write_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			(void)fputs("\\n", out);
		else if (*text == '"' || *text == '\\')
			(void)fprintf(out, "\\%c", *text);
		else
			(void)fputc(*text, out);
	}
}

static void write_durations(FILE *out, const char *name, const char *help,
			    const struct durations *durations)
{
	metrics_histogram(out, name, help, durations_bounds, DURATIONS_BUCKETS,
			  durations->counts, durations->sum);
}

void metrics_group(FILE *out, const char *name,
		   const struct group_status *group)
{
	metrics_family(out, "ztp_active", "gauge",
		       "1 while this bridge is the active one of its group.");
	(void)fputs("ztp_active{group=\"", out);
	write_escaped(out, name);
	(void)fprintf(out, "\"} %d\n", ztp_role_serves(group->role));
	metrics_family(
		out, "ztp_standby_lag_records", "gauge",
		"Records of the group's state that this bridge's copy "
		"is behind; NaN while Kafka does not say where the end is.");
	if (group->lag >= 0)
		(void)fprintf(out, "ztp_standby_lag_records %lld\n",
			      (long long)group->lag);
	else
		(void)fputs("ztp_standby_lag_records NaN\n", out);
	write_durations(out, "ztp_takeover_seconds",
			"Time from being the next one to being active.",
			&group->takeovers);
	metrics_family(out, "ztp_fenced_total", "counter",
		       "Times that this bridge could not be the active one any "
		       "more, or become it: another one is, a transaction took "
		       "too long, or what the event fenced says.");
	(void)fprintf(out, "ztp_fenced_total %llu\n",
		      (unsigned long long)group->fenced);
	write_durations(out, "ztp_turn_seconds",
			"Time of a turn in Kafka, which is one transaction.",
			&group->turns);
}
