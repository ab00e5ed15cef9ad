/*
 * bridge/config/config_standby.h - rules between the settings of one of several
 * bridges. Internal to config*.c.
 */
#ifndef BRIDGE_CONFIG_CONFIG_STANDBY_H
#define BRIDGE_CONFIG_CONFIG_STANDBY_H

#include "bridge/config/config.h"

/* 0 or a negative error with the setting's name and *line. */
int config_check_standby(const struct config *config, int *line,
			 struct ztp_error *error);

#endif
