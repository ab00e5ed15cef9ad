/*
 * gate/asked.h - messages of commands that wait for their turn, and what has been
 * answered so far (gate/control_queue.c). Broker thread only.
 */
#ifndef ZTP_GATE_ASKED_H
#define ZTP_GATE_ASKED_H

#include <cjson/cJSON.h>

#include "gate/gate.h"
#include "ztp/gate_protocol.h"

struct ztp_asked {
	struct ztp_asked *next;
	bool allowed, begun;
	cJSON *tree;
	const cJSON *in;  /* the next command, in the tree */
	cJSON *answer;	  /* owned */
	cJSON *responses; /* in the answer */
	cJSON *last;	  /* response */
	size_t count;	  /* of responses */
	/* Owned: the commits that they hang on. NULL: there was no memory, and
	 * any loss is one of all of them. */
	uint64_t *groups;
	size_t len;
	char text[];
};

void ztp_asked_add(struct ztp_commands *commands, struct ztp_asked *asked);
/* The first one, which there must be; it is the caller's from now on. */
struct ztp_asked *ztp_asked_take(struct ztp_commands *commands);
void ztp_asked_free(struct ztp_asked *asked);

/* The commits after `kept` are lost: what they were answered OK for, too. */
void ztp_asked_lost(struct ztp_commands *commands, uint64_t kept);
void ztp_asked_clear(struct ztp_commands *commands);

#endif
