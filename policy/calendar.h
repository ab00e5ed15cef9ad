/*
 * policy/calendar.h - the proleptic Gregorian calendar, for the time formats
 * of records (RFC 3339) and certificates (X.680). Private to policy/.
 */
#ifndef ZTP_POLICY_CALENDAR_H
#define ZTP_POLICY_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct ztp_calendar {
	int year, month, day; /* 0-9999, 1-12, 1-31 */
	int hour, minute, second;
};

/* True for a valid date and time. Leap seconds are not valid. */
bool ztp_calendar_valid(const struct ztp_calendar *at);

/* Milliseconds since 1970, UTC. The time of day may be out of range. */
int64_t ztp_calendar_ms(const struct ztp_calendar *at);

/* The inverse. Returns the milliseconds within the second (0-999). */
int ztp_calendar_split(struct ztp_calendar *at, int64_t ms);

/* Reads n decimal digits; false when one of them is not a digit. Inline because
 * callers pass a constant n. */
static inline bool ztp_calendar_digits(int *value, const char *text, int n)
{
	unsigned bad = 0;

	*value = 0;
	for (int i = 0; i < n; i++) {
		unsigned digit = (unsigned)(uint8_t)text[i] - '0';

		bad |= digit > 9;
		*value = *value * 10 + (int)(digit & 0xff);
	}
	return !bad;
}

#endif
