/*
 * bridge/core/disk.h - has the disk room for what is to be written next? Asked
 * before it is full, because what is then written half is work for later.
 */
#ifndef BRIDGE_CORE_DISK_H
#define BRIDGE_CORE_DISK_H

#include <stdbool.h>

#include "ztp/error.h"

/* had_room: as it was said last; to have room again takes twice as much. A
 * directory that cannot be asked has room: the store will say what is wrong. */
bool disk_has_room(const char *directory, bool had_room,
		   struct ztp_error *error);

#endif
