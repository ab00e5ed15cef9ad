/*
 * tests/sim/oracle.h - what must hold whatever goes wrong (the invariants of
 * tests/fault/oracle.py):
 *
 *   lost       an event that the bridge acknowledged has no request, and no
 *              end without one
 *   twice      a request ends twice, in two ways; a device is told two things
 *   elsewhere  a request, command or result that is another device's
 *   wrong      an end that is not what the customer decided
 *   silence    expired, though the decision was in Kafka before the deadline,
 *              or though nobody was asked
 *   stuck      something does not end
 */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include "tests/sim/cluster.h"

enum verdict { UNDECIDED, APPROVED, REJECTED };

struct asked {
	char id[132];
	int device;
	int64_t deadline; /* us of the world's time, as its record says */
	enum verdict verdict;
	int64_t decided_at; /* us: when the first decision was in Kafka */
	char outcome[24];   /* "": still open */
	char ce_id[40];
	int times, told_approved, told_rejected;
	struct asked *next;
};

void oracle_begin(void);
/* The request of a record of ztp.requests; *first: it had none before. */
struct asked *oracle_request(const struct record *record, bool *first);
void oracle_result(const struct record *record);
void oracle_decided(struct asked *asked, enum verdict verdict, int64_t at);
/* True: it is for this device. */
bool oracle_command(const char *path, const char *payload, size_t len);
struct asked *oracle_find(const char *id);
void oracle_approved_path(int device); /* so that others are in conflict */

/* What is still open: how much, and a word about the first. */
int oracle_open(char *text, size_t room);

/* A text member of a flat JSON object as the bridge writes it. */
bool oracle_text(const char *json, size_t n, const char *name, char *to,
		 size_t room);

#endif
