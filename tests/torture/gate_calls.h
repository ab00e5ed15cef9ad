/* tests/torture/gate_calls.h - calls of the gate that fail. */
#ifndef TESTS_TORTURE_GATE_CALLS_H
#define TESTS_TORTURE_GATE_CALLS_H

/* After memory_begin. SQLite is initialized by it. */
void gate_calls_begin(void);

#endif
