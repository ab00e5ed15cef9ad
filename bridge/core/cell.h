/*
 * bridge/core/cell.h - whose devices this bridge onboards. Cells share a broker
 * and its topics, so every one of them hears of the others' devices and leaves
 * those alone: it keeps no record of them and acknowledges nothing.
 */
#ifndef BRIDGE_CORE_CELL_H
#define BRIDGE_CORE_CELL_H

#include "bridge/config/config.h"

/* Is the device of this path, which is well-formed, of a subscription that this
 * bridge serves? Any thread. */
bool cell_serves(const struct config *config, const char *path);

#endif
