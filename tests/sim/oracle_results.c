/* What the bridge says of how requests have ended, and of decisions. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/cluster.h"
#include "tests/sim/oracle_internal.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Where Kafka had the request in time, and the bridge is sure to know it: it was
 * told of its place, or of several, one has gone on after that turn. An answer
 * without a place is no proof, so a request that has no other has to expire. */
static bool was_asked(const struct asked *asked)
{
	int64_t at = asked->told_at;

	if (sim.plan.bridges)
		at = asked->times == 1 && !asked->forgotten ? asked->known_at
							    : 0;
	return sim.plan.disk_trouble == 0 && at != 0 &&
	       at + ORACLE_KNOWN_US < asked->deadline;
}

static bool may_expire(const struct asked *asked)
{
	/* Who was not asked in time is not approved by a timeout. */
	return !oracle_in_time(asked) &&
	       !(sim.plan.approve_on_timeout && was_asked(asked) &&
		 sim.plan.jumps == 0 && !oracle_were_lost());
}

static bool right(const struct asked *asked, const char *outcome)
{
	int other = asked->device ^ 1;

	if (is(outcome, "onboarded"))
		/* On 3.1.1 any PUBACK is a delivery (DESIGN section 11). */
		return oracle_may_approve(asked) &&
		       (asked->told_approved > 0 || sim.plan.mqtt3);
	if (is(outcome, "undeliverable") || is(outcome, "failed"))
		return oracle_may_approve(asked);
	if (is(outcome, "rejected"))
		return asked->verdict == REJECTED || asked->unsure;
	if (is(outcome, "conflict"))
		/* Who was never asked about is known by the path alone. */
		return oracle_known(other)->is_approved ||
		       (asked->times == 0 &&
			oracle_known(asked->device)->is_approved) ||
		       sim.plan.approve_on_timeout;
	if (is(outcome, "expired")) /* an answer of nobody's has no effect */
		return may_expire(asked) ||
		       (asked->unknown && asked->times == 0);
	if (is(outcome, "withdrawn"))
		return *world_device(asked->device)->withdrawn_id != '\0' ||
		       (asked->times == 0 &&
			*world_device(other)->withdrawn_id != '\0');
	return false;
}

/* What is not delivered may be at last. A batch that has failed is sent again
 * behind those that were sent after it, and they are then sent again behind it:
 * what comes last is right (is_out_of_order). */
static bool follows(const char *before, const char *after)
{
	return (is(before, "undeliverable") && is(after, "onboarded")) ||
	       (is(before, "onboarded") && is(after, "undeliverable"));
}

/* Nobody but the customer rejects; and a timeout approves only where it may, or
 * where few ends are kept and the same request has been asked anew. */
static void check_decision(const struct asked *asked, const char *outcome,
			   bool decided)
{
	bool needs = is(outcome, "rejected") ||
		     ((is(outcome, "onboarded") ||
		       is(outcome, "undeliverable") || is(outcome, "failed")) &&
		      !oracle_may_time_out(asked));

	if (needs && !decided && !oracle_is_gone(asked))
		sim_find("wrong: %s of %s does not say by which decision",
			 outcome, asked->id);
}

static void check_end(const struct asked *asked, const char *outcome,
		      const char *ce_id)
{
	if (!right(asked, outcome))
		sim_find("%s: request %s of device %d ended %s; verdict %d, "
			 "%lld ms before its deadline; told %d",
			 is(outcome, "expired") ? "silence" : "wrong",
			 asked->id, asked->device, outcome, (int)asked->verdict,
			 (long long)(asked->deadline - asked->decided_at) /
				 1000,
			 asked->told_approved);
	if (*asked->outcome && !is(asked->outcome, outcome) &&
	    !follows(asked->outcome, outcome))
		sim_find("twice: request %s ended %s and %s", asked->id,
			 asked->outcome, outcome);
	if (is(asked->outcome, outcome) && !is(asked->ce_id, ce_id) &&
	    !is(outcome, "expired") && !is(outcome, "conflict") &&
	    !is(outcome, "withdrawn"))
		sim_find("twice: request %s ended %s as %s and %s", asked->id,
			 outcome, asked->ce_id, ce_id);
}

static void end(struct asked *asked, const char *outcome, const char *ce_id)
{
	if (!oracle_is_gone(asked)) /* else it may have begun anew */
		check_end(asked, outcome, ce_id);
	snprintf(asked->outcome, sizeof(asked->outcome), "%s", outcome);
	snprintf(asked->ce_id, sizeof(asked->ce_id), "%s", ce_id);
	oracle_known(asked->device)->has_end = true;
	if (asked->times == 0) /* known by its path alone */
		oracle_known(asked->device ^ 1)->has_end = true;
}

/* An end without a question: late when it came, or its path was taken. */
static void never_asked(const struct record *r, const char *id,
			const char *outcome)
{
	struct device *device = oracle_device_of(r);
	struct asked *asked;
	int64_t deadline;

	if (!device || !(is(outcome, "expired") || is(outcome, "conflict") ||
			 is(outcome, "withdrawn"))) {
		sim_find("wrong: %s %s, which nobody was asked about", id,
			 outcome);
		return;
	}
	deadline = device->received_at +
		   (int64_t)sim.plan.decision_timeout_ms * SIM_MS;
	/* Its request may still come: the topics do not wait for each other. */
	asked = oracle_add(id, device->number, deadline);
	snprintf(asked->outcome, sizeof(asked->outcome), "%s", outcome);
	oracle_known(device->number)->has_end = true;
	if (sim.plan.gate || world_device(device->number ^ 1)->exists)
		oracle_known(device->number ^ 1)->has_end = true;
}

/* --- results that end nothing */

static bool ends_nothing(const char *outcome)
{
	return is(outcome, "duplicate") || is(outcome, "already_decided") ||
	       is(outcome, "unknown_request") || is(outcome, "mismatch");
}

static void check_no_effect(struct asked *asked, const char *id,
			    const char *outcome)
{
	bool made_up = strncmp(id, "none-", 5) == 0;

	if (asked && oracle_is_foreseen(asked)) {
		asked->refused = asked->refused || oracle_holds();
		asked->unknown = true;
		return;
	}
	if (made_up != is(outcome, "unknown_request") || (made_up && asked))
		sim_find("%s: %s for request %s", made_up ? "wrong" : "lost",
			 outcome, id);
}

/* Was it given up as what ends the connection? Then it did so. */
static void check_given_up(const struct record *r, const struct asked *asked,
			   const char *outcome)
{
	char message[128], topic[128];

	snprintf(topic, sizeof(topic), "%s/commands",
		 world_device(asked->device)->path);
	if (!is(outcome, "undeliverable") || world_is_poison(topic))
		return;
	oracle_text(r->value, r->value_len, "message", message,
		    sizeof(message));
	if (strstr(message, "was lost each time"))
		sim_find("wrong: %s is no poison, and was given up", asked->id);
}

/* The device's own word: it has been told. */
static bool is_word(const char *outcome)
{
	return is(outcome, "applied") || is(outcome, "apply_failed");
}

static void check_word(const struct asked *asked, const char *outcome)
{
	if (asked->told_approved == 0)
		sim_find("wrong: %s of %s, which was never told", outcome,
			 asked->id);
}

/* Whose it says it is: the path is its key. */
static void check_key(const struct record *r, const struct asked *asked)
{
	const char *path = world_device(asked->device)->path;
	char inside[128];

	oracle_text(r->value, r->value_len, "device_path", inside,
		    sizeof(inside));
	if (!is(inside, path) || r->key_len != strlen(path) ||
	    memcmp(r->key, path, r->key_len) != 0)
		sim_find("elsewhere: result of %s for %s", asked->id, inside);
}

static void note_order(const struct record *r)
{
	const struct device *device = oracle_device_of(r);
	struct known *known;
	char text[40];
	int64_t ms = 0;

	oracle_text(r->value, r->value_len, "at", text, sizeof(text));
	if (!ztp_time_parse(&ms, text, strlen(text)))
		sim_find("wrong: a result without a time");
	if (!device)
		return;
	known = oracle_known(device->number & ~1);
	/* A copy that was still on its way when its process was killed says
	 * nothing about the order of the next. */
	if (!cluster.late)
		known->last = ms;
	if (ms > known->newest)
		known->newest = ms;
}

void oracle_result(const struct record *r)
{
	char id[132], outcome[24], ce_id[40];
	int64_t partition = oracle_number(r->value, r->value_len, "partition");
	int64_t offset = oracle_number(r->value, r->value_len, "offset");
	struct asked *asked;

	sim.stats->results++;
	note_order(r);
	oracle_text(r->value, r->value_len, "request_id", id, sizeof(id));
	oracle_text(r->value, r->value_len, "outcome", outcome,
		    sizeof(outcome));
	oracle_header(r, "ce_id", ce_id, sizeof(ce_id));
	asked = oracle_find(id);
	if (offset >= 0 && !is_word(outcome))
		oracle_answered(outcome, asked, (int)partition, offset);
	if (ends_nothing(outcome)) {
		if (!asked || !oracle_is_gone(asked))
			check_no_effect(asked, id, outcome);
	} else if (!asked) {
		never_asked(r, id, outcome);
	} else if (is_word(outcome)) {
		check_key(r, asked);
		check_word(asked, outcome);
		if (asked->applied_at == 0 && is(outcome, "applied"))
			asked->applied_at = sim.now;
	} else {
		check_key(r, asked);
		check_decision(asked, outcome, offset >= 0);
		check_given_up(r, asked, outcome);
		end(asked, outcome, ce_id);
	}
}
