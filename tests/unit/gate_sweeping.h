/*
 * tests/unit/gate_sweeping.h - for tests of gate/sweep.h: candidates that end with
 * their CA or with the fixture's custom registry.
 */
#ifndef ZTP_TESTS_GATE_SWEEPING_H
#define ZTP_TESTS_GATE_SWEEPING_H

#include "gate/sweep.h"
#include "gate_rows.h"

#define RESPONSE  "$CONTROL/ztp/v1/response"
#define WITHDRAWN "ztp/v1/withdrawn"
#define MANY	  1200 /* more than nine pages */
#define SOME	  300  /* more than two */
#define TURNS	  6
#define A_TURN	  (2 * ZTP_ENDING_PAGE) /* gate_tick is two of the broker's */

/* With gate_setup; for a test that has a gate_disk.h. */
int sweeping_teardown(void **state);

/* How many rows there are. */
int64_t sweeping_withdrawn(struct gate_fixture *f);
int64_t sweeping_left(struct gate_fixture *f); /* of `sweeps` */

/* Candidates that are older than all real ones. ca NULL: the fixture's. */
void sweeping_put(struct gate_fixture *f, const char *name, int count,
		  const uint8_t *ca, bool rejected);
struct mosquitto *sweeping_held(struct gate_fixture *f, const char *path);

/* Sends these commands in one message. */
void sweeping_send(struct gate_fixture *f, const char *commands);
#define DELETE                                                                 \
	"{\"command\":\"deleteRegistry\",\"registry\":\"acme/custom\","        \
	"\"correlationData\":\"deleted\"}"
/* removeRegistryCa of the fixture's, with the correlation `removed`, and more. */
void sweeping_remove_ca(struct gate_fixture *f, const char *more);
void sweeping_add_ca(struct gate_fixture *f, const char *code);
/* Turns until nothing is left to do, each as when a second has passed. */
void sweeping_pass(struct gate_fixture *f);

#endif
