/*
 * tests/unit/gate_rows.h - what a test puts into the registry's database without
 * the gate, looks up in it, and what its statements cost. For tests that are
 * linked with a gate.
 */
#ifndef ZTP_TESTS_GATE_ROWS_H
#define ZTP_TESTS_GATE_ROWS_H

#include "gate/registries.h"
#include "gate_fixture.h"

#define GATE_DAY (24 * 3600 * 1000LL)

/* Candidates, alike but for their ids, paths and certificates. */
struct gate_rows {
	const char *registry; /* of acme; NULL: custom */
	const char *path;     /* NULL: each has one of its own */
	const uint8_t *ca;    /* NULL: 32 zeros */
	bool rejected;
	int64_t seen_at, not_after, retry_at; /* ms from now */
};

/* Their ids, and the paths if they have their own, are the name, a dash and a
 * number. */
void gate_put(struct gate_fixture *f, const char *name, int count,
	      struct gate_rows rows);

int64_t gate_live_rows(struct gate_fixture *f);
int64_t gate_rejected_rows(struct gate_fixture *f);
/* A registry of acme; NULL: there is none. */
struct ztp_registry *gate_registry(struct gate_fixture *f, const char *name);

/* Runs a statement (a constant), which is then durable. */
void gate_change(struct gate_fixture *f, const char *sql);
/* What all statements have done until now, in SQLite's own steps. */
int64_t gate_steps(struct gate_fixture *f);
/* How many pages of the database they have looked at. */
int64_t gate_pages(struct gate_fixture *f);

/* Makes of a database that is closed one that a gate of before has left: with
 * the tables of that version, and the rows. */
void gate_make_older(const struct gate_fixture *f, int version);

#endif
