/*
 * bridge/config/config_yaml.h - reads a file's text into a struct config.
 * Internal to config*.c.
 */
#ifndef BRIDGE_CONFIG_CONFIG_YAML_H
#define BRIDGE_CONFIG_CONFIG_YAML_H

#include "bridge/config/config.h"

/* Reads text into config, over the values that it has (the defaults), and
 * records the line of each key in config->lines. On failure *line is the line
 * of the key, or of the error where there is no key. */
int config_yaml_read(struct config *config, const char *text, size_t len,
		     int *line, struct ztp_error *error);

#endif
