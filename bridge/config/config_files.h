/*
 * bridge/config/config_files.h - are the files of mqtt.tls what they are named
 * for? --check-config asks; a bridge that runs says it when it cannot connect.
 */
#ifndef BRIDGE_CONFIG_CONFIG_FILES_H
#define BRIDGE_CONFIG_CONFIG_FILES_H

#include "bridge/config/config.h"

/* Reads the files. 0 or ZTP_ERR_VALUE with the setting's name and *line. */
int config_check_files(const struct config *config, int *line,
		       struct ztp_error *error);

#endif
