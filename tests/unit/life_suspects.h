/*
 * tests/unit/life_suspects.h - commands that were in flight when a connection
 * was lost, and the turns after it.
 */
#ifndef ZTP_TESTS_LIFE_SUSPECTS_H
#define ZTP_TESTS_LIFE_SUSPECTS_H

#include "life_case.h"

static inline int64_t owed(struct life_case *c, const char *path, int cert)
{
	return life_put(c, path, cert, ZTP_STATE_REGISTERED, ZTP_OWED_SEND);
}

static inline int64_t suspected(struct life_case *c, const char *path, int cert)
{
	struct store_request r = life_row(c, owed(c, path, cert));

	r.owed.losses = r.owed.tries = 1;
	life_save(c, &r);
	return r.n;
}

static inline void said(struct life_case *c, int i, int64_t n)
{
	assert_true(i < c->mqtt.count);
	assert_string_equal(c->mqtt.said[i].request_id, life_id(c, n));
}

/* The loop's turn: results are applied, and what is due is sent. */
static inline void turn(struct life_case *c)
{
	life_turn(c);
	life_pump(c);
}

static inline void lose(struct life_case *c)
{
	life_down(c);
	life_turn(c);
	life_up(c, 10);
}

/* The i-th publish asked whether the broker takes anything. */
static inline void asked(struct life_case *c, int i)
{
	assert_int_equal(c->mqtt.count, i + 1);
	assert_memory_equal(c->mqtt.said[i].topic, "ztp/v1/probe/", 13);
	assert_string_equal(c->mqtt.said[i].text, "");
}

/* It is asked as the i-th publish, and does; then commands are sent. */
static inline void ask(struct life_case *c, int i)
{
	life_pump(c);
	asked(c, i);
	assert_true(life_puback(c, i, 0x10));
	turn(c);
}

#endif
