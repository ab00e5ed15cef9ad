/* What goes by the bridge into ztp.dlq and ztp.audit, and what must go
 * nowhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

static struct letter {
	char *text;
	size_t len;
	int tag; /* 0: the bridge does not have it */
	char sha256[ZTP_SHA256_HEX];
	bool arrived;
} letters[ORACLE_LETTERS];

void oracle_letter(int number, const char *text, size_t n)
{
	struct letter *letter = &letters[number];
	uint8_t sha256[ZTP_SHA256_LEN];

	ztp_sha256(sha256, text, n);
	ztp_hex_encode(letter->sha256, sha256, ZTP_SHA256_LEN);
	letter->text = sim_copy(text, n);
	letter->len = n;
}

void oracle_letter_owned(int tag)
{
	letters[tag % TAG_BAD].tag = tag;
}

/* Results that were larger than their topic takes. */
static int refused_results;

static void dead_event(const struct record *r)
{
	char sha256[80], size[24];
	int i;

	oracle_header(r, "ztp.sha256", sha256, sizeof(sha256));
	oracle_header(r, "ztp.size", size, sizeof(size));
	for (i = 0; i < ORACLE_LETTERS; i++)
		if (letters[i].text && strcmp(letters[i].sha256, sha256) == 0 &&
		    strtoll(size, NULL, 10) == (long long)letters[i].len) {
			letters[i].arrived = true;
			return;
		}
	sim_find("wrong: a dead letter of no event: %.*s", (int)r->value_len,
		 r->value);
}

void oracle_dead_letter(const struct record *r)
{
	char stage[24], partition[24], offset[24];

	oracle_header(r, "__connect.errors.stage", stage, sizeof(stage));
	oracle_header(r, "__connect.errors.partition", partition,
		      sizeof(partition));
	oracle_header(r, "__connect.errors.offset", offset, sizeof(offset));
	if (strcmp(stage, "pending") == 0 ||
	    (strcmp(stage, "audit") == 0 && sim.plan.small_bounds > 0))
		dead_event(r);
	else if (strcmp(stage, "decision") == 0)
		oracle_answered("dead letter", NULL,
				(int)strtol(partition, NULL, 10),
				strtoll(offset, NULL, 10));
	else if (sim.plan.small_bounds == 0)
		sim_find("wrong: a dead letter, stage %s", stage);
	else if (strcmp(stage, "result") == 0)
		refused_results++;
}

int oracle_refused_results(void)
{
	return refused_results;
}

/* Unchanged, and no other. */
void oracle_audit(const struct record *r)
{
	int64_t n = oracle_number(r->value, r->value_len, "n");
	struct letter *letter =
		n >= 0 && n < ORACLE_LETTERS ? &letters[n] : NULL;

	if (letter && letter->text && letter->len == r->value_len &&
	    memcmp(letter->text, r->value, letter->len) == 0)
		letter->arrived = true;
	else
		sim_find("wrong: audit record %.*s", (int)r->value_len,
			 r->value);
}

int oracle_undelivered(char *text, size_t room)
{
	int i, n = 0;

	for (i = 0; i < ORACLE_LETTERS; i++)
		if (letters[i].tag != 0 && !letters[i].arrived && n++ == 0)
			snprintf(text, room, "lost: %s %d",
				 letters[i].tag >= TAG_AUDIT ? "audit record"
							     : "dead letter",
				 i);
	return n;
}

/* --- what must be nowhere */

static void look_for(const char *where, const char *mark, const void *bytes,
		     size_t n)
{
	if (n > 0 && memmem(bytes, n, mark, strlen(mark)))
		sim_find("leaked: %s in %s", mark, where);
}

/* Of any certificate: its key, in base64 (certs.c). */
void oracle_scan(const char *where, const void *bytes, size_t n)
{
	look_for(where, WORLD_SECRET, bytes, n);
	look_for(where, WORLD_LOAD, bytes, n);
	look_for(where, SIM_CERT_MARK, bytes, n);
}

void oracle_scan_record(enum cluster_topic topic, const struct record *r)
{
	const char *where = cluster.topics[topic].name, *name;
	const void *value;
	size_t i, n;

	oracle_scan(where, r->key, r->key_len);
	oracle_scan(where, r->value, r->value_len);
	for (i = 0; r->headers && rd_kafka_header_get_all(r->headers, i, &name,
							  &value, &n) == 0;
	     i++)
		oracle_scan(where, value, n);
}
