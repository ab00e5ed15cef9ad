#include "policy/calendar.h"

#define MS_PER_DAY 86400000LL

static bool leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && leap(year));
}

bool ztp_calendar_valid(const struct ztp_calendar *at)
{
	return at->year >= 0 && at->year <= 9999 && at->month >= 1 &&
	       at->month <= 12 && at->day >= 1 &&
	       at->day <= days_in_month(at->year, at->month) && at->hour >= 0 &&
	       at->hour <= 23 && at->minute >= 0 && at->minute <= 59 &&
	       at->second >= 0 && at->second <= 59;
}

/* Years counted from March have the leap day at their end, where it needs no
 * special case. 400 years have 146097 days. */
int64_t ztp_calendar_ms(const struct ztp_calendar *at)
{
	int64_t year = at->year - (at->month <= 2) + 400;
	int64_t month = (at->month + 9) % 12;
	int64_t days = year * 365 + year / 4 - year / 100 + year / 400 +
		       (month * 153 + 2) / 5 + at->day - 1 - 719468 - 146097;
	int64_t seconds = at->hour * 3600LL + at->minute * 60LL + at->second;

	return days * MS_PER_DAY + seconds * 1000;
}

int ztp_calendar_split(struct ztp_calendar *at, int64_t ms)
{
	int64_t rest = ms % MS_PER_DAY, days = ms / MS_PER_DAY;
	int64_t era, of_era, year, of_year, month;

	if (rest < 0) {
		rest += MS_PER_DAY;
		days--;
	}
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = days - era * 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
	       365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	at->day = (int)(of_year - (153 * month + 2) / 5 + 1);
	at->month = (int)(month < 10 ? month + 3 : month - 9);
	at->year = (int)(year + era * 400 + (at->month <= 2));
	at->hour = (int)(rest / 3600000);
	at->minute = (int)(rest / 60000 % 60);
	at->second = (int)(rest / 1000 % 60);
	return (int)(rest % 1000);
}
