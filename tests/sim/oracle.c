/* What the bridge asks, and what it tells devices. */
#include "tests/sim/oracle.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/oracle_internal.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define BUCKETS	    4096
#define DEVICES_MAX 65536
/* What was on its way when the device's word was heard is over. */
#define ORACLE_APPLIED_US (30 * SIM_S)

static struct asked *table[BUCKETS];
static struct known devices[DEVICES_MAX];

void oracle_begin(void)
{
	memset(table, 0, sizeof(table));
	memset(devices, 0, sizeof(devices));
}

struct known *oracle_known(int device)
{
	return &devices[device];
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

void oracle_each(void (*visit)(struct asked *asked))
{
	struct asked *asked;
	int i;

	for (i = 0; i < BUCKETS; i++)
		for (asked = table[i]; asked; asked = asked->next)
			visit(asked);
}

struct asked *oracle_add(const char *id, int device, int64_t deadline)
{
	struct asked **at = bucket(id), *asked = sim_alloc(sizeof(*asked));

	snprintf(asked->id, sizeof(asked->id), "%s", id);
	asked->device = device;
	asked->deadline = deadline;
	asked->next = *at;
	*at = asked;
	return asked;
}

void oracle_approved_path(int device)
{
	devices[device].is_approved = true;
}

bool oracle_in_time(const struct asked *asked)
{
	if (sim.plan.jumps != 0 || asked->unsure)
		return false;
	return asked->verdict != UNDECIDED &&
	       asked->decided_at < asked->deadline;
}

bool oracle_may_time_out(const struct asked *asked)
{
	if (!sim.plan.approve_on_timeout || oracle_in_time(asked))
		return false;
	return sim.plan.jumps != 0 ||
	       (asked->times > 0 && asked->asked_at < asked->deadline);
}

bool oracle_may_approve(const struct asked *asked)
{
	return asked->verdict == APPROVED ||
	       (asked->unsure && asked->ever_approved) ||
	       oracle_may_time_out(asked);
}

/* Its end may not have been heard of yet: where a topic takes small records only for
 * a while, and where Kafka has taken a batch and not the one before. */
bool oracle_is_gone(const struct asked *asked)
{
	return sim.plan.max_finished <= 100 &&
	       (*asked->outcome || asked->told_approved > 0 ||
		sim.plan.small_bounds > 0 || sim.overtaken);
}

bool oracle_is_foreseen(const struct asked *asked)
{
	return sim.plan.bridges != 0 && asked->times == 0;
}

static void forget(struct asked *asked)
{
	if (asked->asked_at + ORACLE_KNOWN_US > sim.now)
		asked->forgotten = true;
	if (asked->told_at + ORACLE_KNOWN_US > sim.now)
		asked->told_at = 0;
}

void oracle_unheard(void)
{
	oracle_each(forget);
}

void oracle_acknowledged(enum cluster_topic topic, const void *value, size_t n)
{
	struct asked *asked;
	char id[132];

	if (topic != CLUSTER_REQUESTS)
		return;
	oracle_text(value, n, "request_id", id, sizeof(id));
	asked = oracle_find(id);
	if (asked && asked->told_at == 0)
		asked->told_at = sim.now;
}

/* --- requests */

struct device *oracle_device_of(const struct record *r)
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

static void name(const struct device *d, char own[16])
{
	snprintf(own, 16, "d%d", d->number);
}

/* The id that its event had, as long as no other request has it: one that has
 * ended, of which the result may come later, has it for good. */
static void check_id(const struct device *d, const char *id)
{
	struct known *known = oracle_known(d->number);
	char own[16];

	name(d, own);
	known->is_renamed =
		known->is_renamed || (!sim.plan.gate && d->named &&
				      d->offers == 1 && !known->has_request &&
				      !known->has_end && strcmp(id, own) != 0);
}

static bool is_renamed(const struct device *d)
{
	const struct asked *asked;
	char own[16];

	if (!oracle_known(d->number)->is_renamed)
		return false;
	name(d, own);
	asked = oracle_find(own);
	return !asked || !*asked->outcome;
}

struct asked *oracle_request(const struct record *r, bool *first)
{
	struct device *device = oracle_device_of(r);
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
		check_id(device, id);
	if (!asked)
		asked = oracle_add(id, device->number,
				   time_of(r, "expires_at"));
	/* If its result came first, that named its path alone. */
	asked->device = device->number;
	asked->deadline = time_of(r, "expires_at");
	devices[device->number].has_request = true;
	*first = asked->times++ == 0;
	if (*first && asked->refused)
		sim_find("lost: the answer to %s was refused before it was "
			 "asked",
			 id);
	if (*first) {
		asked->asked_at = r->part ? r->part->decided_at : r->at;
		asked->read_at = sim.now;
	}
	sim.stats->requests += *first;
	return asked;
}

struct asked *oracle_foreseen(const struct record *r)
{
	struct device *device = oracle_device_of(r);
	struct asked *asked;
	char id[132];

	oracle_text(r->value, r->value_len, "request_id", id, sizeof(id));
	if (!device || !*id)
		return NULL;
	asked = oracle_find(id);
	if (!asked)
		asked = oracle_add(id, device->number,
				   time_of(r, "expires_at"));
	return asked;
}

/* --- commands */

static void check_approval(const struct asked *asked, const char *payload,
			   size_t len)
{
	int64_t n = oracle_number(payload, len, "n");
	/* It is erased once the device has answered, which it does when it has
	 * been told, and with its request. And where few requests are kept, it
	 * is forgotten. */
	bool erased =
		memmem(payload, len, "\"payload_erased\":true", 21) &&
		(asked->told_approved > 0 || sim.plan.max_finished <= 100);
	/* A timeout gives none, not even to who was approved before that was
	 * forgotten, and whose event comes once more. */
	bool timed_out = oracle_may_time_out(asked) ||
			 (sim.plan.approve_on_timeout &&
			  asked->told_approved > 0 && oracle_is_gone(asked));

	if (!oracle_may_approve(asked))
		sim_find("%s: device %d is told it is approved",
			 sim.plan.approve_on_timeout ? "silence" : "wrong",
			 asked->device);
	if (n != asked->device && !(n < 0 && (erased || timed_out)))
		sim_find("wrong: device %d is given the payload of %lld",
			 asked->device, (long long)n);
}

/* A device that comes again with its certificate is told again, until it has
 * said that it has applied it; without a gate also after that. */
static void check_again(const struct asked *asked)
{
	if (sim.plan.gate && asked->applied_at != 0 &&
	    asked->applied_at + ORACLE_APPLIED_US < sim.now &&
	    !oracle_is_gone(asked))
		sim_find("twice: device %d has applied %s and is told again",
			 asked->device, asked->id);
}

static void tell(struct asked *asked, const char *status, const char *payload,
		 size_t len)
{
	if (strcmp(status, "approved") == 0) {
		check_approval(asked, payload, len);
		check_again(asked);
		asked->told_approved++;
	} else {
		asked->told_rejected++;
	}
	if (asked->told_approved && asked->told_rejected &&
	    !oracle_is_gone(asked))
		sim_find("twice: device %d is told approved and %s",
			 asked->device, status);
}

bool oracle_command(const char *path, const char *payload, size_t len)
{
	char id[132], status[24], inside[96];
	struct asked *asked;

	sim.stats->commands++;
	oracle_text(payload, len, "request_id", id, sizeof(id));
	oracle_text(payload, len, "status", status, sizeof(status));
	oracle_text(payload, len, "device_path", inside, sizeof(inside));
	asked = oracle_find(id);
	if (strcmp(inside, path) != 0 ||
	    (asked && strcmp(world_device(asked->device)->path, path) != 0)) {
		sim_find("elsewhere: %s told on the topic of %s", id, path);
		return false;
	}
	if (!asked && strcmp(status, "approved") == 0)
		sim_find("wrong: %s approved, which nobody was asked about",
			 id);
	if (!asked)
		return false;
	tell(asked, status, payload, len);
	return true;
}

/* --- the end */

/* Whose is it? One of several bridges owns what it has acknowledged to the gate:
 * until then the gate may end a candidate that nobody has been asked about. */
static bool is_owned(const struct device *d)
{
	return d->acked || (d->owned_at != 0 && sim.plan.bridges == 0);
}

static bool lost(const struct device *d)
{
	const struct known *known = oracle_known(d->number);

	if (!d->exists || d->came_at == 0 || !is_owned(d))
		return false;
	return !known->has_request && !known->has_end;
}

/* In different partitions (of a topic that has grown) none is before another, and
 * one that is too large by itself holds up no other. Two machines' clocks may
 * differ by a minute before Kafka's is taken for the right one. */
static bool is_out_of_order(const struct device *d)
{
	const struct known *known = oracle_known(d->number);
	bool clocks_differ = sim.plan.bridges && sim.plan.jumps;

	return sim.plan.topics_anew == 0 && sim.plan.small_bounds == 0 &&
	       !clocks_differ && known->last < known->newest;
}

static int open_devices(char *text, size_t room)
{
	int i, n = 0;

	for (i = 0; i < world_count(); i++) {
		const struct device *d = world_device(i);

		if (lost(d) && n++ == 0)
			snprintf(text, room, "lost: device %d", i);
		else if (sim.plan.gate && d->at_gate == GATE_CANDIDATE &&
			 !d->acked && n++ == 0)
			snprintf(text, room, "stuck: candidate %d", i);
		else if (is_renamed(d) && n++ == 0)
			snprintf(text, room,
				 "wrong: device %d is not asked for by its id",
				 i);
		else if (is_out_of_order(d) && n++ == 0)
			snprintf(text, room, "order: results of %s", d->path);
	}
	return n;
}

static int open_requests(char *text, size_t room)
{
	const struct asked *asked;
	int i, n = 0;

	for (i = 0; i < BUCKETS; i++)
		for (asked = table[i]; asked; asked = asked->next)
			if (!*asked->outcome && !oracle_is_foreseen(asked) &&
			    n++ == 0)
				snprintf(text, room,
					 "stuck: request %s of device %d, "
					 "verdict %d at %.3f s, deadline "
					 "%.3f s",
					 asked->id, asked->device,
					 (int)asked->verdict,
					 (double)asked->decided_at / 1e6,
					 (double)asked->deadline / 1e6);
	return n;
}

int oracle_open(char *text, size_t room)
{
	char other[256];
	int n;

	*text = '\0';
	n = open_devices(text, room);
	n += open_requests(n ? other : text, n ? sizeof(other) : room);
	n += oracle_unanswered(n ? other : text, n ? sizeof(other) : room);
	n += oracle_undelivered(n ? other : text, n ? sizeof(other) : room);
	/* A result that its topic did not take may be missed as an end, as the
	 * answer to a decision, and by its device. */
	if (n <= 3 * oracle_refused_results()) {
		*text = '\0';
		n = 0;
	}
	return n;
}
