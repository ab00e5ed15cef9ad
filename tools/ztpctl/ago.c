#include "tools/ztpctl/ago.h"

#include <string.h>

#include "ztp/codec.h"
#include "ztp/text.h"

#define YEARS_MAX_S (100LL * 366 * 24 * 3600)

static int64_t seconds_of(char unit)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1},
		     {'m', 60},
		     {'h', 3600},
		     {'d', 24 * 3600LL},
		     {'w', 7 * 24 * 3600LL}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].unit == unit)
			return units[i].seconds;
	return 0;
}

bool ztp_ctl_ago(int64_t *at, const char *text, int64_t now)
{
	size_t n = strlen(text);
	char number[16];
	int64_t count, unit;

	if (ztp_time_parse(at, text, n))
		return true;
	if (n < 2 || n > sizeof(number))
		return false;
	unit = seconds_of(text[n - 1]);
	memcpy(number, text, n - 1);
	number[n - 1] = '\0';
	if (!unit || !ztp_number_parse(&count, number, 0, YEARS_MAX_S / unit))
		return false;
	*at = now - count * unit * 1000;
	return true;
}
