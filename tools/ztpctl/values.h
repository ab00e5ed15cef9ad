/*
 * tools/ztpctl/values.h - whether what the command line says can be, before
 * anybody is asked for anything.
 */
#ifndef ZTP_ZTPCTL_VALUES_H
#define ZTP_ZTPCTL_VALUES_H

#include "tools/ztpctl/commands.h"

/* False: it has been said what is wrong. */
bool ztp_ctl_check_values(const struct ztp_ctl *ctl,
			  const struct ztp_ctl_command *command);

#endif
