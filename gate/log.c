#include "gate/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "gate/broker_api.h"

#define LINE_MAX_LEN 768 /* the broker cuts at 1000 */

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
