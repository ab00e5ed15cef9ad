/*
 * bridge/standby/group_rights.h - may this bridge read what its group needs? Asked
 * before it joins, with what changes nothing. Whether it may write is known when
 * it does (bridge/kafka/turn.h).
 */
#ifndef BRIDGE_STANDBY_GROUP_RIGHTS_H
#define BRIDGE_STANDBY_GROUP_RIGHTS_H

#include "bridge/core/core.h"

/* Blocks for at most wait_ms. Returns 0, also if Kafka does not answer, or
 * ZTP_ERR_REFUSED: a right is missing, which the message names. */
int group_rights_check(struct core *core, int wait_ms, struct ztp_error *error);

#endif
