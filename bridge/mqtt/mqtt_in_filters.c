/* What the intake's session is subscribed to, as the store is to know it. */
#include "bridge/mqtt/mqtt_in_internal.h"

#include <stdlib.h>
#include <string.h>

char *mqtt_in_filters(const struct mqtt_in *in)
{
	return filters_row(&in->filters);
}

bool mqtt_in_filters_changed(const struct mqtt_in *in)
{
	return in->unstored || in->unsubscribed;
}

void mqtt_in_filters_kept(struct mqtt_in *in)
{
	in->unstored = in->unsubscribed = false;
}

void mqtt_in_had_session(struct mqtt_in *in)
{
	in->had_session = in->session_known = true;
}

bool mqtt_in_session_unstored(const struct mqtt_in *in)
{
	return in->phase == PHASE_UP && !in->session_known;
}

void mqtt_in_session_kept(struct mqtt_in *in)
{
	in->session_known = true;
}

int mqtt_in_compare_filters(struct mqtt_in *in, const char *stored,
			    struct ztp_error *error)
{
	char *row = mqtt_in_filters(in);

	if (!row)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	in->unstored = strcmp(row, stored) != 0;
	free(row);
	return 0;
}
