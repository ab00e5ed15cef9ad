/* Written by hand: a whole page has some 2,500 numbers, which cJSON would take
 * milliseconds for, while the loop stands still. */
#include "bridge/http/http_history.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core/history.h"
#include "ztp/event.h"

#define AFTER "after"

static const char *const names[HISTORY_COUNT] = {
#define X(name, text) [HISTORY_##name] = (text),
	HISTORY_LIST(X)
#undef X
};

/* --- the parameter */

struct wanted {
	int64_t after; /* -1: something is wrong */
	bool given;
};

static enum MHD_Result on_parameter(void *arg, enum MHD_ValueKind kind,
				    const char *key, const char *value)
{
	struct wanted *wanted = arg;

	(void)kind;
	if (strcmp(key, AFTER) != 0 || wanted->given ||
	    (value && *value &&
	     !ztp_time_parse(&wanted->after, value, strlen(value))))
		wanted->after = -1;
	wanted->given = true;
	return wanted->after < 0 ? MHD_NO : MHD_YES;
}

/* --- the page */

static void write_sample(FILE *out, const struct history_sample *sample)
{
	char time[ZTP_TIME_LEN];
	int i;

	ztp_time_format(time, sample->at);
	(void)fprintf(out, "[\"%s\"", time);
	for (i = 0; i < HISTORY_COUNT; i++)
		(void)fprintf(out, ",%" PRIu64, sample->sums[i]);
	(void)fputc(']', out);
}

static void write_samples(FILE *out, const struct history *history,
			  int64_t after)
{
	const struct history_sample *sample;
	bool any = false;
	int i;

	for (i = 0; i < history_count(history); i++) {
		sample = history_at(history, i);
		if (sample->at <= after)
			continue;
		if (any)
			(void)fputc(',', out);
		write_sample(out, sample);
		any = true;
	}
}

static void write_all(FILE *out, const struct bridge *b, int64_t after)
{
	struct history_sample now;
	int i;

	history_take(&now, ztp_clock_steady(&b->core.clock), &b->total);
	(void)fprintf(out, "{\"every_ms\":%d,\"names\":[", HISTORY_EVERY_MS);
	for (i = 0; i < HISTORY_COUNT; i++)
		(void)fprintf(out, "%s\"%s\"", i ? "," : "", names[i]);
	(void)fputs("],\"samples\":[", out);
	write_samples(out, b->history, after);
	(void)fputs("],\"now\":", out);
	write_sample(out, &now);
	(void)fputc('}', out);
}

struct http_page http_history(struct bridge *b, struct MHD_Connection *client)
{
	struct http_page page = {.status = MHD_HTTP_OK, .type = ZTP_MEDIA_JSON};
	struct wanted wanted = {.after = 0};
	size_t size = 0;
	bool bad;
	FILE *out;

	(void)MHD_get_connection_values(client, MHD_GET_ARGUMENT_KIND,
					on_parameter, &wanted);
	if (wanted.after < 0)
		return http_error_page(MHD_HTTP_BAD_REQUEST,
				       "expected at most: after, a time");
	out = open_memstream(&page.text, &size);
	if (!out)
		return page;
	write_all(out, b, wanted.after);
	bad = ferror(out) != 0;
	if (fclose(out) == 0 && !bad)
		return page;
	free(page.text);
	page.text = NULL;
	return page;
}
