#include <string.h>

#include "policy/calendar.h"
#include "ztp/codec.h"

#define YEAR_0	  (-62167219200000LL) /* 0000-01-01T00:00:00.000Z */
#define YEAR_9999 253402300799999LL   /* 9999-12-31T23:59:59.999Z */

#define ROW(ten)                                                               \
	ten "0" ten "1" ten "2" ten "3" ten "4" ten "5" ten "6" ten "7" ten    \
	    "8" ten "9"

static const char pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4")
	ROW("5") ROW("6") ROW("7") ROW("8") ROW("9");

static void put_pair(char *out, int value)
{
	memcpy(out, pairs + (size_t)2 * (unsigned)value, 2);
}

/* Not snprintf: an event has eight times in its records, and formatting them
 * took a sixteenth of all the work for it. */
void ztp_time_format(char out[ZTP_TIME_LEN], int64_t ms)
{
	struct ztp_calendar at;
	int rest;

	if (ms < YEAR_0)
		ms = YEAR_0;
	if (ms > YEAR_9999)
		ms = YEAR_9999;
	rest = ztp_calendar_split(&at, ms);
	memcpy(out, "0000-00-00T00:00:00.000Z", ZTP_TIME_LEN);
	put_pair(out, at.year / 100);
	put_pair(out + 2, at.year % 100);
	put_pair(out + 5, at.month);
	put_pair(out + 8, at.day);
	put_pair(out + 11, at.hour);
	put_pair(out + 14, at.minute);
	put_pair(out + 17, at.second);
	out[20] = (char)('0' + rest / 100);
	put_pair(out + 21, rest % 100);
}

/* "YYYY-MM-DDTHH:MM:SS", at least 19 bytes. RFC 3339 5.6 allows a space as well
 * as the T; Python's str() and many databases write one. */
static bool parse_date_time(struct ztp_calendar *at, const char *text)
{
	return ztp_calendar_digits(&at->year, text, 4) && text[4] == '-' &&
	       ztp_calendar_digits(&at->month, text + 5, 2) && text[7] == '-' &&
	       ztp_calendar_digits(&at->day, text + 8, 2) &&
	       (text[10] == 'T' || text[10] == 't' || text[10] == ' ') &&
	       ztp_calendar_digits(&at->hour, text + 11, 2) &&
	       text[13] == ':' &&
	       ztp_calendar_digits(&at->minute, text + 14, 2) &&
	       text[16] == ':' &&
	       ztp_calendar_digits(&at->second, text + 17, 2);
}

/* ".fraction", at least one digit; truncated to milliseconds */
static bool parse_fraction(int *ms, const char *text, size_t len, size_t *used)
{
	int unit = 100;
	size_t i = 1;

	*ms = 0;
	*used = 0;
	if (len == 0 || text[0] != '.')
		return true;
	for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
		*ms += (text[i] - '0') * unit;
		unit /= 10;
	}
	*used = i;
	return i > 1;
}

/* "Z", "+HH:MM" or "-HH:MM", and nothing after it */
static bool parse_offset(int *minutes, const char *text, size_t len)
{
	int hours, rest;

	*minutes = 0;
	if (len == 1)
		return text[0] == 'Z' || text[0] == 'z';
	if (len != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
		return false;
	if (!ztp_calendar_digits(&hours, text + 1, 2) ||
	    !ztp_calendar_digits(&rest, text + 4, 2) || hours > 23 || rest > 59)
		return false;
	*minutes = (hours * 60 + rest) * (text[0] == '-' ? -1 : 1);
	return true;
}

bool ztp_time_parse(int64_t *ms, const char *text, size_t len)
{
	struct ztp_calendar at;
	int fraction, offset;
	size_t used;
	int64_t result;
	bool leap_second;

	if (len < 20 || !parse_date_time(&at, text) ||
	    !parse_fraction(&fraction, text + 19, len - 19, &used) ||
	    !parse_offset(&offset, text + 19 + used, len - 19 - used))
		return false;
	/* RFC 3339 5.6 and 5.7: a leap second is the last second of a UTC day.
	 * It counts as the first second of the next day. */
	leap_second = at.second == 60;
	if (leap_second)
		at.second = 59;
	if (!ztp_calendar_valid(&at))
		return false;
	result = ztp_calendar_ms(&at) - offset * 60000LL;
	if (leap_second) {
		result += 1000;
		if (result % 86400000 != 0)
			return false;
	}
	result += fraction;
	if (result < 0 || result > YEAR_9999)
		return false;
	*ms = result;
	return true;
}
