/*
 * gate/listeners.h - makes sure that there is no listener without the gate. A
 * client of such a listener could read what is meant for one device, without
 * the plugin being asked.
 */
#ifndef ZTP_GATE_LISTENERS_H
#define ZTP_GATE_LISTENERS_H

#include "ztp/error.h"

/* Call it at start. Negative: there is such a listener, or one could be added;
 * the message names the setting. If the configuration cannot be read, logs
 * event=listeners_unknown and returns 0. */
int ztp_listeners_check(struct ztp_error *error);

#endif
