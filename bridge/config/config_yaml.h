/*
 * bridge/config/config_yaml.h - from a file's text to a struct config. Internal
 * to config*.c.
 */
#ifndef BRIDGE_CONFIG_CONFIG_YAML_H
#define BRIDGE_CONFIG_CONFIG_YAML_H

#include "bridge/config/config.h"

/* Reads text over what config holds already (the defaults) and notes in
 * config->lines where each key is. On failure *line is the line of the key,
 * or of the trouble where there is no key. */
int config_yaml_read(struct config *config, const char *text, size_t len,
		     int *line, struct ztp_error *error);

#endif
