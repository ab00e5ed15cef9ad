#include "bridge/core/core.h"

#include "bridge/config/config_files.h"

void core_lost(struct core *core)
{
	core->lost_at = ztp_clock_boot();
}

/* A turn that began before the loss says nothing: whoever has taken the
 * connection may have become the active one while it was under way. */
bool core_knows_its_place(const struct core *core)
{
	return !core->shared || core->lost_at == 0 ||
	       core->turn_began > core->lost_at;
}

bool core_may_connect(const struct core *core)
{
	return !core->no_lease && core_knows_its_place(core);
}

bool core_files_usable(const struct core *core, struct ztp_error *why)
{
	int line;

	return config_check_files(core->config, &line, why) == 0;
}
