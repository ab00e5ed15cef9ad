/*
 * tests/unit/life_steps.h - every kind of step that the bridge takes in a
 * transaction: the situation before, what happens, and the result.
 */
#ifndef TEST_LIFE_STEPS_H
#define TEST_LIFE_STEPS_H

#include "life_case.h"

struct life_step {
	const char *name;
	bool gate;
	void (*before)(struct life_case *c);
	int (*act)(struct life_case *c);
	/* the result: the newest row, and the outbox */
	enum ztp_state state;
	int records;
};

extern const struct life_step life_steps[];
extern const size_t life_step_count;

#endif
