/*
 * gate/listeners.h - is there a listener without the gate? Whoever connects
 * there may read what is a device's alone, and the plugin is never asked.
 */
#ifndef ZTP_GATE_LISTENERS_H
#define ZTP_GATE_LISTENERS_H

#include "ztp/error.h"

/* At start. Negative: there is, or would be; the message names the setting.
 * What cannot be known is logged (event=listeners_unknown), and 0. */
int ztp_listeners_check(struct ztp_error *error);

#endif
