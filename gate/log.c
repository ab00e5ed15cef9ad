#include "gate/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "gate/broker_api.h"

#define LINE_MAX_LEN 768 /* the broker cuts at 1000 */

static const struct ztp_throttle_rule limited = {60, 1};

/* The broker writes no level into its log, but puts "Error:" and "Warning:" in
 * front of its own lines. */
static const char *prefix(int level)
{
	switch (level) {
	case MOSQ_LOG_ERR:
		return "Error: ";
	case MOSQ_LOG_WARNING:
		return "Warning: ";
	default:
		return "";
	}
}

void ztp_gate_log(int level, const char *format, ...)
{
	char line[LINE_MAX_LEN];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	mosquitto_log_printf(level, "%sztp gate: %s", prefix(level), line);
}

void ztp_gate_log_error(const struct ztp_error *error)
{
	ztp_gate_log(MOSQ_LOG_ERR, "%s", error->message);
}

void ztp_gate_log_limited(struct ztp_log_limit *limit,
			  const struct ztp_error *error, int64_t now_ms)
{
	if (ztp_bucket_take(&limit->bucket, limited, now_ms))
		ztp_gate_log_error(error);
	else
		limit->left_out++;
}

void ztp_gate_log_tick(struct ztp_log_limit *limit, int64_t now_ms)
{
	if (limit->left_out == 0 ||
	    !ztp_bucket_take(&limit->bucket, limited, now_ms))
		return;
	ztp_gate_log(MOSQ_LOG_ERR, "%llu more such lines were left out",
		     (unsigned long long)limit->left_out);
	limit->left_out = 0;
}
