/*
 * bridge/config/config_expand.h - expands ${NAME} in the values of the
 * configuration.
 */
#ifndef BRIDGE_CONFIG_CONFIG_EXPAND_H
#define BRIDGE_CONFIG_CONFIG_EXPAND_H

#include "ztp/error.h"

#define CONFIG_EXPANDED_MAX 262144 /* bytes */

/* ${NAME} becomes the environment variable NAME, which must be set;
 * ${NAME:-text} becomes text if NAME is unset or empty; $${ is a literal
 * ${. Nothing nests. The caller owns *out. Messages name the variable,
 * never its value. */
int config_expand(char **out, const char *text, struct ztp_error *error);

#endif
