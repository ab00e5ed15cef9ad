/*
 * The gate in the broker of the unit tests: two registries, devices that join
 * at once and after a decision, the operator's commands, a reload and restarts.
 * Whatever call fails:
 *
 *   - it never aborts or exits, for that would be the broker;
 *   - it fails closed: at no moment is an impostor let in, or may a device do
 *     more than it may when all is well;
 *   - what it has said is done is done after a restart, and a candidate is
 *     offered until it is acknowledged;
 *   - what is tried again succeeds, once nothing fails any more;
 *   - what it has allocated is gone when the plugin has been unloaded.
 */
#include <ftw.h>
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/torture/campaign.h"
#include "tests/torture/gate_calls.h"
#include "tests/torture/memory.h"
#include "tests/unit/gate_fixture.h"
#include "ztp/json.h"

/* What could not be told is told again after a second, and each time may meet
 * one failure of a burst only. */
#define TELL_MS	 60000
#define AGAIN_MS 1000 /* until a database that failed is opened again */
#define TRIES	 100  /* more than there are failures in a burst */
#define ANSWERS	 "$CONTROL/ztp/v1/response"
#define PENDING	 "ztp/v1/pending"
#define APPROVED "\"approved\""

enum plan { PLAN_HOLD, PLAN_SHARED };
/* shared: two devices may have the same command topic. */
static const char *const plans[] = {"hold", "shared", NULL};

static struct gate_fixture *f;
static struct campaign_run *now;

/* --- the gate's entries: only in there do calls fail */

static void enter(void)
{
	fail.outside = 0;
}

static void leave(void)
{
	fail.outside = 1;
}

static bool load(void)
{
	int rc;

	gate_broker.log[0] = '\0';
	enter();
	rc = gate_load(f);
	leave();
	if (rc == 0)
		return true;
	/* Without memory for itself; the broker says that then. */
	if (!*gate_broker.log && rc != MOSQ_ERR_NOMEM)
		campaign_find(now, "it did not start and said nothing");
	return false;
}

static void unload(void)
{
	enter();
	gate_unload(f);
	leave();
}

static int come(struct mosquitto *client)
{
	int rc;

	enter();
	rc = gate_connect(client);
	leave();
	return rc;
}

static void tick(void)
{
	enter();
	gate_tick();
	leave();
}

static void reload(void)
{
	enter();
	gate_reload();
	leave();
}

static void go(struct mosquitto *client)
{
	enter();
	gate_disconnect(client);
	leave();
}

static bool may(struct mosquitto *client, int access, const char *topic)
{
	int rc;

	enter();
	rc = gate_acl(client, access, topic, false);
	leave();
	return rc == MOSQ_ERR_SUCCESS;
}

/* --- commands */

/* The response, or NULL: without memory there may be none. */
static const char *command(const char *members)
{
	size_t before = gate_published_count(ANSWERS, NULL), after;
	char text[4096];
	const char *answer;

	snprintf(text, sizeof(text), "{\"commands\":[{%s}]}", members);
	enter();
	gate_control(f->op, text);
	leave();
	after = gate_published_count(ANSWERS, NULL);
	if (after == before) { /* what it waited for was lost */
		gate_calls_pass(AGAIN_MS);
		tick();
		after = gate_published_count(ANSWERS, NULL);
	}
	if (after == before)
		return NULL;
	answer = gate_published(ANSWERS, NULL);
	/* that of a command before it may have come with it */
	if (ztp_json_check(answer, strlen(answer), 1 << 20, NULL) != 0)
		campaign_find(now, "its answer: %s", answer);
	if (strstr(answer, "\"code\":\"OK\"") &&
	    strstr(answer, "\"command\":\"getDevice\"") &&
	    (!strstr(answer, "\"fingerprint_sha256\"") ||
	     !strstr(answer, "\"live\"")))
		campaign_find(now, "half an answer: %s", answer);
	return answer;
}

/* Until it answers with this. */
static void insist(const char *members, const char *code, const char *or_code)
{
	const char *answer = NULL;
	int i;

	for (i = 0; i < TRIES; i++) {
		answer = command(members);
		if (answer && (strstr(answer, code) ||
			       (or_code && strstr(answer, or_code))))
			return;
		gate_calls_pass(AGAIN_MS);
		tick();
	}
	campaign_find(now, "%.200s: %s", members, answer ? answer : "nothing");
}

static void order(const char *name, const char *members)
{
	char text[3584];

	snprintf(text, sizeof(text), "\"command\":\"%s\",%s", name, members);
	insist(text, "\"code\":\"OK\"", "ALREADY_EXISTS");
}

/* What lists and looks: any answer is good, as long as it is one. */
static void look(void)
{
	static const char one[] = "\"command\":\"getDevice\",\"device_path\":"
				  "\"" DIRECT "a\"";
	static const char *const looks[] = {
		"\"command\":\"listRegistries\"",
		"\"command\":\"getRegistry\",\"registry\":\"acme/custom\"",
		"\"command\":\"listDevices\"",
		"\"command\":\"listPending\"",
		"\"command\":\"getInfo\"",
		one,
	};
	size_t i;

	for (i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		(void)command(looks[i]);
}

static void add_ca(const char *registry)
{
	char *pem = certs_pem(f->ca), *lines = certs_lines(pem, "\\n");
	char members[3072];

	snprintf(members, sizeof(members), "\"registry\":\"%s\",\"pem\":\"%s\"",
		 registry, lines);
	order("addRegistryCa", members);
	free(lines);
	free(pem);
}

/* Whatever is not UNAVAILABLE ends the request for good at the bridge. */
static void create(const char *path, int who, const char *id)
{
	const char *answer = NULL;
	char members[1024];
	int i;

	snprintf(members, sizeof(members),
		 "\"command\":\"createDevice\",\"device_path\":\"%s\","
		 "\"fingerprint_sha256\":\"%s\",\"request_id\":\"%s\","
		 "\"metadata\":{\"site\":\"plant 7\"}",
		 path, f->fingerprints[who], id);
	for (i = 0; i < TRIES; i++) {
		answer = command(members);
		if (answer && strstr(answer, "\"code\":\"OK\""))
			return;
		if (answer && strstr(answer, "\"code\"") &&
		    !strstr(answer, "\"UNAVAILABLE\""))
			break;
		gate_calls_pass(AGAIN_MS);
		tick();
	}
	campaign_find(now, "createDevice of %s: %s", path,
		      answer ? answer : "nothing");
}

/* --- nobody gets in who must not, at no moment */

static void shut_out(struct mosquitto *client, const char *who)
{
	int rc;

	client->address = "198.51.100.7";
	rc = come(client);
	if (rc == MOSQ_ERR_SUCCESS || rc == MOSQ_ERR_PLUGIN_DEFER)
		campaign_find(now, "open: %s is let in", who);
	gate_client_forget(client);
}

static void impostors(void)
{
	struct mosquitto *stranger;

	shut_out(gate_unused(f, DIRECT "a", 1), "another key");
	shut_out(gate_first(f, DIRECT "a", 1), "another certificate");
	shut_out(gate_unused(f, CUSTOM "b", 1), "a key of a candidate's path");
	shut_out(gate_client(CUSTOM "x", f->texts[0], "a.b.c", 5),
		 "a stolen certificate");
	shut_out(gate_client(CUSTOM "x", "unused", "a.b.c", 5), "nobody");
	stranger = gate_client("stranger", "stranger", "x", 5);
	stranger->address = "198.51.100.7";
	(void)come(stranger);
	if (may(stranger, MOSQ_ACL_SUBSCRIBE, "ztp/#") ||
	    may(stranger, MOSQ_ACL_READ, CUSTOM "b/commands") ||
	    may(stranger, MOSQ_ACL_WRITE, DIRECT "a/commands"))
		campaign_find(now, "open: a stranger's access");
	go(stranger);
	gate_client_forget(stranger);
}

static void held_may_no_more(struct mosquitto *device, const char *path)
{
	char topic[256];

	snprintf(topic, sizeof(topic), "%s/config", path);
	if (may(device, MOSQ_ACL_READ, topic))
		campaign_find(now, "open: a held device reads its config");
	snprintf(topic, sizeof(topic), "%s/state/x", path);
	if (may(device, MOSQ_ACL_WRITE, topic))
		campaign_find(now, "open: a held device writes its state");
}

/* --- devices */

/* Connects until it is in. Nobody is while the database cannot be read. */
static struct mosquitto *join(struct mosquitto *(*make)(struct gate_fixture *,
							const char *, int),
			      const char *path, int who)
{
	struct mosquitto *client = NULL;
	int i;

	for (i = 0; i < TRIES; i++) {
		client = make(f, path, who);
		if (come(client) == MOSQ_ERR_SUCCESS)
			return client;
		gate_client_forget(client);
		gate_calls_pass(AGAIN_MS);
		tick();
	}
	campaign_find(now, "%s is never let in", path);
	return NULL;
}

static void part(struct mosquitto *client)
{
	if (!client)
		return;
	if (client->online)
		go(client);
	gate_client_forget(client);
}

static void topic_of(char topic[256], const char *path)
{
	if (f->command_topic)
		snprintf(topic, 256, "c/%s", strrchr(path, '/') + 1);
	else
		snprintf(topic, 256, "%s/commands", path);
}

/* Comes, subscribes and waits until `topic` has told something of it; comes
 * again if its session was ended. */
static struct mosquitto *wait_for(const char *path, int who, const char *topic,
				  const char *needle, bool held)
{
	int64_t deadline = ztp_clock_boot() + TELL_MS;
	struct mosquitto *device = NULL;
	char commands[256];

	topic_of(commands, path);
	while (ztp_clock_boot() < deadline) {
		if (device && device->kicked) {
			part(device);
			device = NULL;
		}
		if (!device)
			device = join(gate_first, path, who);
		if (!device)
			return NULL;
		(void)may(device, MOSQ_ACL_SUBSCRIBE, commands);
		if (held)
			held_may_no_more(device, path);
		/* the bridge subscribes again: a new round of offers */
		(void)may(f->op, MOSQ_ACL_SUBSCRIBE, PENDING);
		tick();
		if (gate_published(topic, needle))
			return device;
		gate_broker.log[0] = '\0';
		gate_calls_pass(100);
	}
	campaign_find(now, "%s: nothing on %s", path, topic);
	return device;
}

/* An offer that the bridge could not read would be a dead letter, acknowledged,
 * and its candidate would never be offered again. */
static void check_offers(void)
{
	size_t i;

	for (i = 0; i < gate_broker.count; i++) {
		const struct gate_message *m = &gate_broker.messages[i];

		if (strcmp(m->topic, PENDING) == 0 &&
		    (!strstr(m->payload, "\"request_id\":") ||
		     !strstr(m->payload, "\"device_path\":") ||
		     !strstr(m->payload, "\"certificate\":")))
			campaign_find(now, "an offer: %.100s", m->payload);
	}
}

/* The id under which a path is offered. */
static void offered_id(char id[64], const char *path)
{
	const char *offer = gate_published(PENDING, path);
	const char *at = offer ? strstr(offer, "\"request_id\":\"") : NULL;

	snprintf(id, 64, "%.36s", at ? at + 14 : "none");
}

static void may_it_all(struct mosquitto *device, const char *path)
{
	char topic[256];

	snprintf(topic, sizeof(topic), "%s/config", path);
	if (!device || !may(device, MOSQ_ACL_READ, topic))
		campaign_find(now, "%s has not a device's rights", path);
}

/* --- the life */

static void begin(void)
{
	int i;

	for (i = 0; i < TRIES && !load(); i++)
		;
	if (!f->gate) {
		campaign_find(now, "it never starts: %.300s", gate_broker.log);
		return;
	}
	f->op = gate_client("op", OP, "secret", 5);
	if (come(f->op) != MOSQ_ERR_PLUGIN_DEFER)
		campaign_find(now, "the operator is refused");
}

static void furnish(void)
{
	order("createRegistry",
	      "\"registry\":\"acme/direct\",\"onboarding\":\"direct\"");
	order("createRegistry", "\"registry\":\"acme/custom\"");
	add_ca("acme/direct");
	add_ca("acme/custom");
}

/* At once; and one that is deleted again. */
static void onboard_directly(void)
{
	char topic[256];

	topic_of(topic, DIRECT "a");
	part(wait_for(DIRECT "a", 0, topic, APPROVED, false));
	topic_of(topic, DIRECT "gone");
	part(wait_for(DIRECT "gone", 1, topic, APPROVED, false));
	insist("\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT
	       "gone\"",
	       "\"code\":\"OK\"", "NOT_FOUND");
}

/* Asked for, approved, acknowledged; and one that is rejected. */
static void onboard_by_decision(void)
{
	struct mosquitto *device =
		wait_for(CUSTOM "b", 0, PENDING, CUSTOM "b", true);
	char id[64], members[512];

	impostors();
	offered_id(id, CUSTOM "b");
	snprintf(members, sizeof(members), "\"request_ids\":[\"%s\"]", id);
	order("ackPending", members);
	create(CUSTOM "b", 0, id);
	part(device);
	part(wait_for(CUSTOM "c", 1, PENDING, CUSTOM "c", true));
	snprintf(members, sizeof(members),
		 "\"device_path\":\"%s\",\"fingerprint_sha256\":\"%s\","
		 "\"retry_after_s\":3600",
		 CUSTOM "c", f->fingerprints[1]);
	order("rejectDevice", members);
}

/* Asked for and not acknowledged: it is offered after every restart. */
static void leave_one_open(void)
{
	part(wait_for(CUSTOM "open", 1, PENDING, CUSTOM "open", true));
}

static void restart(void)
{
	unload();
	gate_broker_reset();
	begin();
}

/* Its column may be NULL. */
static void has_metadata(const char *path)
{
	char members[512];

	snprintf(members, sizeof(members),
		 "\"command\":\"getDevice\",\"device_path\":\"%s\"", path);
	insist(members, "\"metadata\":{\"site\":\"plant 7\"}", NULL);
}

static void verify(void)
{
	struct mosquitto *device;

	has_metadata(CUSTOM "b");

	device = join(gate_unused, CUSTOM "b", 0);
	may_it_all(device, CUSTOM "b");
	part(device);
	shut_out(gate_unused(f, DIRECT "a", 0), "a blocked device");
	shut_out(gate_first(f, DIRECT "a", 0), "a blocked device, anew");
	shut_out(gate_unused(f, DIRECT "gone", 1), "a deleted device");
	shut_out(gate_first(f, CUSTOM "c", 1), "a rejected device");
	impostors();
	(void)may(f->op, MOSQ_ACL_SUBSCRIBE, PENDING);
	tick();
	if (!gate_published(PENDING, CUSTOM "open"))
		campaign_find(now, "lost: a candidate is not offered");
	if (gate_published(PENDING, CUSTOM "b\""))
		campaign_find(now, "offered, though acknowledged");
	/* and all goes on as ever */
	device = wait_for(CUSTOM "last", 0, PENDING, CUSTOM "last", true);
	create(CUSTOM "last", 0, "r-last");
	may_it_all(device, CUSTOM "last");
	part(device);
}

static void live(void)
{
	begin();
	if (!f->gate)
		return;
	furnish();
	onboard_directly();
	onboard_by_decision();
	leave_one_open();
	look();
	order("blockDevice", "\"device_path\":\"" DIRECT "a\"");
	impostors();
	reload();
	tick();
	check_offers();
	restart();
	if (!f->gate)
		return;
	part(join(gate_unused, CUSTOM "b", 0));
	impostors();
	tick();
	check_offers();
	fail.armed = false;
	restart();
	verify();
	unload();
}

static void remove_database(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char name[128];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(name, sizeof(name), "%s%s", f->db, ends[i]);
		(void)unlink(name);
	}
}

static int remove_entry(const char *name, const struct stat *st, int type,
			struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(name);
}

static void remove_folder(void)
{
	(void)nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void run(int plan, bool verbose, struct campaign_run *run)
{
	char where[256];
	size_t blocks;

	now = run;
	/* Several run at once, each the child of another worker. */
	snprintf(f->db, sizeof(f->db), "%s/%d.db", f->folder, (int)getppid());
	remove_database(); /* of the run before, which may have crashed */
	f->command_topic = plan == PLAN_SHARED ? "c/{device}" : NULL;
	leave();
	memory_mark();
	fail.armed = true;
	live();
	fail.armed = false;
	blocks = memory_leaked(where, sizeof(where));
	if (blocks > 0)
		campaign_find(run, "leaked: %zu blocks, the first from %s",
			      blocks, where);
	if (verbose)
		printf("%s\n", gate_broker.log);
	gate_broker_reset();
	if (__lsan_do_recoverable_leak_check() != 0)
		campaign_find(run, "leaked: see LeakSanitizer's report");
}

static const struct gate_entry entry = {mosquitto_plugin_init,
					mosquitto_plugin_cleanup, gate_settle};

int main(int argc, char **argv)
{
	static const enum fail_kind kinds[] = {
		FAIL_MEMORY,	    FAIL_SQLITE_MEMORY, FAIL_JSON_MEMORY,
		FAIL_CRYPTO_MEMORY, FAIL_READ,		FAIL_WRITE,
		FAIL_SYNC,	    FAIL_FILE,		FAIL_SYSTEM,
		FAIL_SEND,	    FAIL_NOTHING,
	};
	static const struct campaign campaign = {
		.name = "torture-gate",
		.plans = plans,
		.run = run,
		.kinds = kinds,
	};
	void *state;
	int code;

	memory_begin();
	gate_calls_begin();
	leave();
	gate_setup_group(&state, &entry);
	f = state;
	memcpy(f->folder, "/tmp/ztp-gate-XXXXXX", 21);
	if (!mkdtemp(f->folder)) {
		perror(f->folder);
		return 2;
	}
	code = campaign_main(&campaign, argc, argv);
	remove_folder();
	gate_teardown_group(&state);
	return code;
}
