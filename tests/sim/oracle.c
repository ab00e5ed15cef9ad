#include "tests/sim/oracle.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define BUCKETS	    4096
#define DEVICES_MAX 65536

static struct asked *table[BUCKETS];
static bool has_request[DEVICES_MAX], has_end[DEVICES_MAX];
static bool is_approved[DEVICES_MAX];

void oracle_begin(void)
{
	memset(table, 0, sizeof(table));
	memset(has_request, 0, sizeof(has_request));
	memset(has_end, 0, sizeof(has_end));
	memset(is_approved, 0, sizeof(is_approved));
}

static void copy(char *to, const char *text, size_t room)
{
	snprintf(to, room, "%s", text);
}

bool oracle_text(const char *json, size_t n, const char *name, char *to,
		 size_t room)
{
	char key[64];
	const char *at, *end;
	size_t len;

	*to = '\0';
	snprintf(key, sizeof(key), "\"%s\":\"", name);
	at = json ? memmem(json, n, key, strlen(key)) : NULL;
	if (!at)
		return false;
	at += strlen(key);
	end = memchr(at, '"', n - (size_t)(at - json));
	len = end ? (size_t)(end - at) : room;
	if (len >= room)
		return false;
	memcpy(to, at, len);
	to[len] = '\0';
	return true;
}

static struct asked **bucket(const char *id)
{
	return &table[sim_hash(id, strlen(id)) % BUCKETS];
}

struct asked *oracle_find(const char *id)
{
	struct asked *asked = *bucket(id);

	while (asked && strcmp(asked->id, id) != 0)
		asked = asked->next;
	return asked;
}

/* --- requests */

static struct device *device_of(const struct record *r)
{
	char path[256], hex[80];
	struct device *device;

	if (!r->key || r->key_len >= sizeof(path))
		return NULL;
	memcpy(path, r->key, r->key_len);
	path[r->key_len] = '\0';
	device = world_by_path(path);
	if (!device)
		return NULL;
	oracle_text(r->value, r->value_len, "fingerprint_sha256", hex,
		    sizeof(hex));
	if (*hex && strcmp(hex, device->cert.hex) != 0)
		device = world_device(device->number + 1);
	if (*hex && strcmp(hex, device->cert.hex) != 0)
		return NULL;
	oracle_text(r->value, r->value_len, "path", hex, sizeof(hex));
	return *hex && strcmp(hex, path) != 0 ? NULL : device;
}

static int64_t time_of(const struct record *r, const char *name)
{
	char text[40];
	int64_t ms = 0;

	oracle_text(r->value, r->value_len, name, text, sizeof(text));
	if (!ztp_time_parse(&ms, text, strlen(text)))
		sim_find("wrong: no %s in a request", name);
	return ms * 1000 - SIM_WALL_BEGIN;
}

static struct asked *add(const char *id, int device, int64_t deadline)
{
	struct asked **at = bucket(id), *asked = sim_alloc(sizeof(*asked));

	copy(asked->id, id, sizeof(asked->id));
	asked->device = device;
	asked->deadline = deadline;
	asked->next = *at;
	*at = asked;
	return asked;
}

struct asked *oracle_request(const struct record *r, bool *first)
{
	struct device *device = device_of(r);
	struct asked *asked;
	char id[132];

	*first = false;
	oracle_text(r->value, r->value_len, "request_id", id, sizeof(id));
	if (!device || !*id) {
		sim_find("elsewhere: request %.*s", (int)r->value_len,
			 r->value);
		return NULL;
	}
	asked = oracle_find(id);
	if (asked && asked->times > 0 && asked->device != device->number)
		sim_find("elsewhere: request %s asked for devices %d and %d",
			 id, asked->device, device->number);
	if (!asked)
		asked = add(id, device->number, time_of(r, "expires_at"));
	/* If its result came first, that named its path alone. */
	asked->device = device->number;
	asked->deadline = time_of(r, "expires_at");
	has_request[device->number] = true;
	*first = asked->times++ == 0;
	sim.stats->requests += *first;
	return asked;
}

void oracle_decided(struct asked *asked, enum verdict verdict, int64_t at)
{
	if (asked->verdict != UNDECIDED)
		return;
	asked->verdict = verdict;
	asked->decided_at = at;
	if (verdict == APPROVED)
		is_approved[asked->device] = true;
}

void oracle_approved_path(int device)
{
	is_approved[device] = true;
}

/* --- results */

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Where the wall clock is set, a deadline is not what its record says. */
static bool in_time(const struct asked *asked)
{
	if (sim.plan.jumps != 0)
		return false;
	return asked->verdict != UNDECIDED &&
	       asked->decided_at < asked->deadline;
}

static bool right(const struct asked *asked, const char *outcome)
{
	if (is(outcome, "onboarded"))
		/* On 3.1.1 any PUBACK is a delivery (DESIGN section 11). */
		return (asked->verdict == APPROVED ||
			sim.plan.approve_on_timeout) &&
		       (asked->told_approved > 0 || sim.plan.mqtt3);
	if (is(outcome, "undeliverable") || is(outcome, "failed"))
		return asked->verdict == APPROVED ||
		       sim.plan.approve_on_timeout;
	if (is(outcome, "rejected"))
		return asked->verdict == REJECTED;
	if (is(outcome, "conflict"))
		/* Who was never asked about is known by the path alone. */
		return is_approved[asked->device ^ 1] ||
		       (asked->times == 0 && is_approved[asked->device]) ||
		       sim.plan.approve_on_timeout;
	/* Who comes too late is not asked, whatever on_timeout says. */
	if (is(outcome, "expired"))
		return !in_time(asked) &&
		       (!sim.plan.approve_on_timeout || asked->times == 0);
	return false;
}

/* What is not delivered may be at last. Known, and not mended: a batch that is
 * sent once more because librdkafka took it for delivered comes behind those
 * that were sent after it, of the same device as well. */
static bool follows(const char *before, const char *after)
{
	return (is(before, "undeliverable") && is(after, "onboarded")) ||
	       (cluster.reordered && is(before, "onboarded") &&
		is(after, "undeliverable"));
}

static void end(struct asked *asked, const char *outcome, const char *ce_id)
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
	    !is(outcome, "expired") && !is(outcome, "conflict"))
		sim_find("twice: request %s ended %s as %s and %s", asked->id,
			 outcome, asked->ce_id, ce_id);
	copy(asked->outcome, outcome, sizeof(asked->outcome));
	copy(asked->ce_id, ce_id, sizeof(asked->ce_id));
	has_end[asked->device] = true;
	if (asked->times == 0) /* known by its path alone */
		has_end[asked->device ^ 1] = true;
}

/* An end without a question: late when it came, or its path was taken. */
static void never_asked(const struct record *r, const char *id,
			const char *outcome)
{
	struct device *device = device_of(r);
	struct asked *asked;
	int64_t deadline;

	if (!device || !(is(outcome, "expired") || is(outcome, "conflict") ||
			 (sim.plan.approve_on_timeout &&
			  (is(outcome, "undeliverable") || sim.plan.mqtt3)))) {
		sim_find("wrong: %s %s, which nobody was asked about", id,
			 outcome);
		return;
	}
	deadline = device->received_at +
		   (int64_t)sim.plan.decision_timeout_ms * SIM_MS;
	/* Its request may still come: the topics do not wait for each other. */
	asked = add(id, device->number, deadline);
	copy(asked->outcome, outcome, sizeof(asked->outcome));
	has_end[device->number] = true;
	if (sim.plan.gate || world_device(device->number ^ 1)->exists)
		has_end[device->number ^ 1] = true;
}

static void ce_id_of(const struct record *r, char *to, size_t room)
{
	const void *value = "";
	size_t n = 0;

	rd_kafka_header_get_last(r->headers, "ce_id", &value, &n);
	snprintf(to, room, "%.*s", (int)n, (const char *)value);
}

void oracle_result(const struct record *r)
{
	char id[132], outcome[24], ce_id[40];
	struct asked *asked;

	sim.stats->results++;
	oracle_text(r->value, r->value_len, "request_id", id, sizeof(id));
	oracle_text(r->value, r->value_len, "outcome", outcome,
		    sizeof(outcome));
	ce_id_of(r, ce_id, sizeof(ce_id));
	asked = oracle_find(id);
	if (is(outcome, "duplicate") || is(outcome, "already_decided"))
		return;
	if (strncmp(id, "none-", 5) == 0) {
		if (!is(outcome, "unknown_request"))
			sim_find("wrong: %s for a stranger's request", outcome);
		return;
	}
	if (!asked)
		never_asked(r, id, outcome);
	else if (is(outcome, "unknown_request") || is(outcome, "mismatch"))
		sim_find("lost: %s for request %s of device %d", outcome, id,
			 asked->device);
	else
		end(asked, outcome, ce_id);
}

/* --- commands */

bool oracle_command(const char *path, const char *payload, size_t len)
{
	char id[132], status[24], inside[96];
	struct asked *asked;

	sim.stats->commands++;
	oracle_text(payload, len, "request_id", id, sizeof(id));
	oracle_text(payload, len, "status", status, sizeof(status));
	oracle_text(payload, len, "device_path", inside, sizeof(inside));
	asked = oracle_find(id);
	if (!is(inside, path) ||
	    (asked && !is(world_device(asked->device)->path, path))) {
		sim_find("elsewhere: %s told on the topic of %s", id, path);
		return false;
	}
	/* By its timeout, when its record does not get through. */
	if (!asked && sim.plan.approve_on_timeout && is(status, "approved"))
		asked = add(id, world_by_path(path)->number, 0);
	if (!asked && is(status, "approved"))
		sim_find("wrong: %s approved, which nobody was asked about",
			 id);
	if (!asked)
		return false;
	if (is(status, "approved")) {
		if (asked->verdict != APPROVED &&
		    !(sim.plan.approve_on_timeout && !in_time(asked)))
			sim_find("wrong: device %d is told it is approved",
				 asked->device);
		asked->told_approved++;
	} else {
		asked->told_rejected++;
	}
	if (asked->told_approved && asked->told_rejected)
		sim_find("twice: device %d is told approved and %s",
			 asked->device, status);
	return true;
}

/* --- the end */

static bool lost(const struct device *d)
{
	if (!d->exists || d->came_at == 0 || (d->owned_at == 0 && !d->acked))
		return false;
	return !has_request[d->number] && !has_end[d->number];
}

int oracle_open(char *text, size_t room)
{
	int i, n = 0;

	*text = '\0';
	for (i = 0; i < world_count(); i++) {
		const struct device *d = world_device(i);

		if (lost(d) && n++ == 0)
			snprintf(text, room, "lost: device %d", i);
		else if (sim.plan.gate && d->at_gate == GATE_CANDIDATE &&
			 !d->acked && n++ == 0)
			snprintf(text, room, "stuck: candidate %d", i);
	}
	for (i = 0; i < BUCKETS; i++) {
		struct asked *asked = table[i];

		for (; asked; asked = asked->next)
			if (!*asked->outcome && n++ == 0)
				snprintf(text, room,
					 "stuck: request %s of device %d, "
					 "verdict %d at %.3f s, deadline "
					 "%.3f s",
					 asked->id, asked->device,
					 (int)asked->verdict,
					 (double)asked->decided_at / 1e6,
					 (double)asked->deadline / 1e6);
	}
	return n;
}
