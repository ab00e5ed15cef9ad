/*
 * bridge/config/config_expand.h - ${NAME} in the values of the configuration.
 */
#ifndef BRIDGE_CONFIG_CONFIG_EXPAND_H
#define BRIDGE_CONFIG_CONFIG_EXPAND_H

#include "ztp/error.h"

#define CONFIG_EXPANDED_MAX 262144 /* bytes */

/* ${NAME} becomes the environment's NAME, which has to be set; ${NAME:-text}
 * is text where NAME is unset or empty; $${ is a literal ${. Nothing nests.
 * The caller owns *out. Messages name the variable, never what is in it. */
int config_expand(char **out, const char *text, struct ztp_error *error);

#endif
