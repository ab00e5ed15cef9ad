#include "bridge/core/outages.h"

#include <string.h>

int64_t outages_note(struct outages *outages, const char *part, bool usable,
		     int64_t now)
{
	struct outage *o = outages->list;
	int i = 0;

	while (o[i].part && strcmp(o[i].part, part) != 0)
		if (++i == OUTAGES_MAX)
			return usable ? 0 : now;
	o[i].part = part;
	if (usable)
		o[i].since = 0;
	else if (o[i].since == 0)
		o[i].since = now;
	return o[i].since;
}
