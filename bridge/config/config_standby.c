#include "bridge/config/config_standby.h"

#include <string.h>

#include "base/kafka_properties.h"
#include "bridge/config/settings.h"

#define OF(member) offsetof(struct config, member)

/* Those of the group's member: who is active depends on them. */
static const char *const own_properties[] = {
	ZTP_KAFKA_CLIENT_ID, ZTP_KAFKA_INSTANCE, ZTP_KAFKA_HEARTBEAT,
	ZTP_KAFKA_POLL,	     ZTP_KAFKA_SESSION,
};

/* Of the member, or of standby.enabled, which asks for it. */
static int line_of(const struct config *config, size_t member)
{
	int line = config->lines[settings_index(settings_of(member))];

	if (line == 0)
		line = config->lines[settings_index(
			settings_of(OF(standby.enabled)))];
	return line > 0 ? line : 1;
}

static int check_properties(const struct config *config, int *line,
			    struct ztp_error *error)
{
	const struct config_properties *properties = &config->kafka.properties;
	const size_t count = sizeof(own_properties) / sizeof(*own_properties);

	for (size_t i = 0; i < properties->count; i++)
		for (size_t k = 0; k < count; k++) {
			if (strcmp(properties->items[i].name,
				   own_properties[k]) != 0)
				continue;
			*line = properties->items[i].line;
			return ztp_fail(error, ZTP_ERR_VALUE,
					"kafka.properties: %s: with "
					"standby.enabled the bridge sets it "
					"itself",
					own_properties[k]);
		}
	return 0;
}

int config_check_standby(const struct config *config, int *line,
			 struct ztp_error *error)
{
	if (!config->standby.enabled)
		return 0;
	*line = line_of(config, OF(standby.instance));
	if (config->standby.instance[0] == '\0')
		return ztp_fail(error, ZTP_ERR_MISSING,
				"standby.instance: required with "
				"standby.enabled");
	return check_properties(config, line, error);
}
