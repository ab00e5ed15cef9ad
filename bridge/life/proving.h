/*
 * bridge/life/proving.h - does the broker take anything at all? Asked before a
 * command is sent whose loss would count towards giving it up. Loop thread only.
 *
 * A broker whose disk is full, for example, may end the connection for every
 * publish. Then each command looks like one that the broker will not take. So,
 * after the first ones, a loss counts only if something else was answered on the
 * same connection, just before: a command to another device, or an empty
 * message to a topic that nobody can know.
 *
 * A broker may also end the connection for that message alone, because it
 * denies the topic. So the suspect after a question that was lost is sent
 * without one: if the broker takes it, all is well, and if it is lost, that
 * proves nothing, and it stays a suspect.
 */
#ifndef BRIDGE_LIFE_PROVING_H
#define BRIDGE_LIFE_PROVING_H

#include "bridge/life/bridge.h"

/* In place of a row's number, in struct suspects. */
#define PROVING_ROW (-1)

/* {0} at the start. */
struct proving {
	int64_t answered_at; /* on this connection; 0: nothing was answered */
	int mid;	     /* of the question */
	bool asked;	     /* it has no answer yet */
	bool lost;	     /* the last one was lost with its connection */
};

/* Would the loss of a command that is sent now prove something? */
bool proving_is_proven(const struct proving *proving, int64_t now);

/* Before a suspect with so many losses is sent: asks, if that is to be done
 * first. Returns true if it has asked. */
bool proving_ask(struct proving *proving, struct bridge *b, int losses);

/* A PUBACK came. Returns true if it was the question's. */
bool proving_puback(struct proving *proving, int mid, int64_t now);
/* The PUBACK of a command came. */
void proving_answered(struct proving *proving, int64_t now);

/* The connection was lost. */
void proving_down(struct proving *proving, struct bridge *b);

#endif
