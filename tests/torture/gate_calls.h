/* tests/torture/gate_calls.h - calls of the gate that fail. */
#ifndef TESTS_TORTURE_GATE_CALLS_H
#define TESTS_TORTURE_GATE_CALLS_H

#include <stdint.h>

/* After memory_begin. SQLite is initialized by it. */
void gate_calls_begin(void);

/* Lets time go by for the gate, but not on the wall: what could not be told is
 * told again after a second, for which no run waits. */
void gate_calls_pass(int64_t ms);

#endif
