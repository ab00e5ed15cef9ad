/*
 * tests/fuzz/seed_rows.h - rows of ztp.state, one of each kind, for seeds.c.
 */
#ifndef TEST_FUZZ_SEED_ROWS_H
#define TEST_FUZZ_SEED_ROWS_H

#include "bridge/store/state_row.h"

#define PATH  "subscriptions/acme/registries/plant-7/devices/pump-42"
#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

#define CELL_NUMBER(n)                                                         \
	{                                                                      \
		.type = STATE_NUMBER, .number = (n)                            \
	}
#define CELL_TEXT(s)                                                           \
	{                                                                      \
		.type = STATE_TEXT, .bytes = {(s), sizeof(s) - 1 }             \
	}
#define CELL_BYTES(s)                                                          \
	{                                                                      \
		.type = STATE_BYTES, .bytes = {(s), sizeof(s) - 1 }            \
	}

static const struct {
	const char *key;
	struct state_row row;
} rows[] = {
	{"birth",
	 {.kind = STATE_BIRTH,
	  .count = STATE_BIRTH_CELLS,
	  .cells = {CELL_TEXT("0a1b"), CELL_NUMBER(1)}}},
	{"j/0a1b",
	 {.kind = STATE_JOURNAL,
	  .name = {"0a1b", 4},
	  .count = STATE_JOURNAL_CELLS,
	  .cells = {CELL_NUMBER(3), CELL_NUMBER(4096)}}},
	{"at/2",
	 {.kind = STATE_POSITION,
	  .name = {"2", 1},
	  .count = STATE_POSITION_CELLS,
	  .cells = {CELL_TEXT("ztp.decisions"), CELL_NUMBER(2), CELL_NUMBER(77),
		    CELL_NUMBER(-2), CELL_NUMBER(0), CELL_NUMBER(0)}}},
	{"d/r-1",
	 {.kind = STATE_DECISION,
	  .name = {"r-1", 3},
	  .count = STATE_DECISION_CELLS,
	  .cells = {CELL_NUMBER(9),
		    CELL_NUMBER(1),
		    CELL_NUMBER(1),
		    CELL_NUMBER(1),
		    CELL_BYTES("0123456789abcdef0123456789abcdef"),
		    CELL_TEXT("ztp.decisions"),
		    CELL_NUMBER(0),
		    CELL_NUMBER(5),
		    {0},
		    {0},
		    CELL_NUMBER(17),
		    CELL_BYTES("{}"),
		    {0},
		    {0}}}},
	{"r/r-1",
	 {.kind = STATE_REQUEST,
	  .name = {"r-1", 3},
	  .count = STATE_REQUEST_CELLS,
	  .cells = {CELL_NUMBER(1),
		    CELL_TEXT("r-1"),
		    CELL_TEXT(PATH),
		    CELL_BYTES("0123456789abcdef0123456789abcdef"),
		    {0},
		    CELL_TEXT(TRACE),
		    CELL_NUMBER(2),
		    CELL_NUMBER(1),
		    CELL_NUMBER(1767323000000),
		    CELL_NUMBER(1767326600000),
		    {0},
		    {0},
		    {0},
		    {0},
		    CELL_NUMBER(0),
		    {0},
		    {0},
		    {0},
		    CELL_NUMBER(0),
		    {0},
		    {0},
		    {0},
		    {0}}}},
};

#endif
