/*
 * tests/sim/gate.h - the played gate (docs/control.md): candidates, sessions,
 * devices, and what it says of them. It says each thing as the real one does,
 * which tests/fault/test_contract_gate.py holds it to.
 */
#ifndef TESTS_SIM_GATE_H
#define TESTS_SIM_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/sim/world.h"

/* --- gate.c: candidates */

/* A device has proven its key: it is a candidate from now on. */
void gate_begin(struct device *device);
void gate_withdraw(struct device *device, const char *reason);
/* It may come again, `us` from now. */
void gate_come_again(struct device *device, int64_t us);
/* Some candidate is withdrawn; some device's approval is to be sent again. */
void gate_withdraw_any(void);
void gate_resend_any(void);

/* --- gate_sessions.c: connections */

/* CONNECT, by its certificate or as `unused`. False: it is refused. */
bool gate_connect(struct device *device, bool by_certificate);
void gate_subscribe(struct device *device); /* to its command topic */
void gate_leave(struct device *device);
/* Tells the bridge that the device is subscribed. */
void gate_tell_subscribed(const struct device *device, bool again);
/* The device that has this path; NULL: there is none. */
struct device *gate_holder(const struct device *device);
/* Members of an answer: whether it is connected; and as what. "" if it is not. */
const char *gate_live(const struct device *device);
const char *gate_connection(const struct device *device);

/* --- gate_outbox.c: what it says waits for the commit, and goes out in order. */
void gate_say(const char *topic, const char *text, size_t len);

/* --- gate_answers.c: answers to commands about one device; the code. */
#define GATE_DATA_MAX 1024
const char *gate_create(struct device *device, const char *id, char *data);
const char *gate_reject(struct device *device, int64_t retry_after_s,
			char *data);
const char *gate_get(struct device *device, char *data);
const char *gate_resend(struct device *device, char *data);

#endif
