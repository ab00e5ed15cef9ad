/*
 * bridge/life/decision_topic.h - another decision topic than at the last start.
 *
 * Customers write where the record of their request has told them to
 * (decision_topic), and that is not read any more. So silence about what was asked
 * before is no consent: nobody may have heard a rejection. The former topic may
 * have unread decisions as well. Loop thread.
 */
#ifndef BRIDGE_LIFE_DECISION_TOPIC_H
#define BRIDGE_LIFE_DECISION_TOPIC_H

#include "bridge/life/bridge.h"

/* At start: is it another one? */
int decision_topic_look(struct bridge *bridge, struct ztp_error *error);
/* During apply: notes it. settle: that has been committed. */
int decision_topic_apply(struct bridge *bridge, struct ztp_error *error);
void decision_topic_settle(struct bridge *bridge);

#endif
