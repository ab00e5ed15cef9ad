/*
 * bridge/life/silence.h - when a customer's silence is no consent, however long it
 * lasts: decisions are gone that nobody has read, and a rejection may have been
 * among them. What was asked before that is not approved by its timeout. Loop
 * thread, during apply.
 */
#ifndef BRIDGE_LIFE_SILENCE_H
#define BRIDGE_LIFE_SILENCE_H

#include "bridge/life/bridge.h"

enum silence_why {
	SILENCE_REMOVED,    /* by Kafka */
	SILENCE_UNREADABLE, /* a batch of records */
	SILENCE_TOPIC,	    /* in the topic of before (decision_topic.h) */
	SILENCE_ANEW,	    /* in one that was deleted and made anew */
	SILENCE_WHYS
};

/* From now on it is none. */
int silence_broken(struct bridge *bridge, enum silence_why why,
		   struct ztp_error *error);

/* Is it none for this request? *why: NULL, or what its customer is told.
 * Announcing it again does not bring decisions back. */
int silence_is_none(struct bridge *bridge, const struct store_request *request,
		    const char **why, struct ztp_error *error);

#endif
