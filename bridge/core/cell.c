#include "bridge/core/cell.h"

#include <string.h>

#include "ztp/path.h"

bool cell_serves(const struct config *config, const char *path)
{
	const struct config_list *ours = &config->mqtt.subscriptions;
	const char *id = path + strlen(ZTP_PATH_SUBSCRIPTION);
	size_t len = strcspn(id, "/");

	for (size_t i = 0; i < ours->count; i++)
		if (strncmp(ours->items[i], id, len) == 0 &&
		    ours->items[i][len] == '\0')
			return true;
	return ours->count == 0;
}
