/*
 * bridge/life/commands_internal.h - shared by what becomes of commands (commands.c)
 * and their sending (commands_pump.c).
 */
#ifndef BRIDGE_LIFE_COMMANDS_INTERNAL_H
#define BRIDGE_LIFE_COMMANDS_INTERNAL_H

#include "bridge/core/row_set.h"
#include "bridge/life/answers.h"
#include "bridge/life/commands.h"
#include "bridge/life/proving.h"
#include "bridge/life/suspects.h"
#include "bridge/mqtt/mqtt_out.h"

#define COMMANDS_WINDOW_MAX MQTT_OUT_WINDOW_MAX

enum command_result {
	RESULT_NONE,	   /* not yet */
	RESULT_PUBACK,	   /* with reason_code */
	RESULT_LOST,	   /* the connection was lost before that */
	RESULT_IMPOSSIBLE, /* it cannot be sent: see `why` */
	RESULT_ERASED,	   /* nothing is left of its payload */
	RESULT_NO_GATE,	   /* it is the gate's, and there is none */
};

/* One publish in flight. The slot stays busy until its result is in the store
 * (settle), so that nothing publishes the command twice. */
struct command_slot {
	int64_t n; /* row number; 0: this slot is free */
	int mid;
	size_t size; /* bytes, of the whole PUBLISH */
	bool proven; /* its loss would be its own fault (proving.h) */
	enum command_result result;
	int reason_code;
	struct ztp_error why;
};

struct commands {
	struct bridge *b;
	struct mqtt_out_user user;
	struct command_slot slots[COMMANDS_WINDOW_MAX];
	struct row_set rows; /* of the slots */
	int busy, waiting;   /* slots in use; slots without PUBACK */
	int window;	     /* at most so many without PUBACK */
	double tokens;	     /* retries allowed now */
	int64_t tokens_at;
	bool starved; /* the retry rate delays a command */
	struct suspects suspects;
	struct proving proving;
	struct answers *answers;
	struct log_limit erased;
};

#endif
