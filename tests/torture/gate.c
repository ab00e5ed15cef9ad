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

#include "tests/torture/gate_calls.h"
#include "tests/torture/gate_life.h"
#include "tests/torture/memory.h"

#define APPROVED "\"approved\""

enum plan { PLAN_HOLD, PLAN_SHARED, PLAN_SWEEP };
/* shared: two devices may have the same command topic. sweep: a registry with many
 * candidates is deleted. */
static const char *const plans[] = {"hold", "shared", "sweep", NULL};

static void begin(void)
{
	int i;

	for (i = 0; i < LIFE_TRIES && !life_load(); i++)
		;
	if (!life.f->gate) {
		campaign_find(life.run, "it never starts: %.300s",
			      gate_broker.log);
		return;
	}
	life.f->op = gate_client("op", OP, "secret", 5);
	if (life_come(life.f->op) != MOSQ_ERR_PLUGIN_DEFER)
		campaign_find(life.run, "the operator is refused");
}

static void furnish(void)
{
	life_order("createRegistry",
		   "\"registry\":\"acme/direct\",\"onboarding\":\"direct\"");
	life_order("createRegistry", "\"registry\":\"acme/custom\"");
	life_add_ca("acme/direct");
	life_add_ca("acme/custom");
}

/* At once; and one that is deleted again. */
static void onboard_directly(void)
{
	char topic[256];

	life_topic(topic, DIRECT "a");
	life_part(life_wait_for(DIRECT "a", 0, topic, APPROVED, false));
	life_topic(topic, DIRECT "gone");
	life_part(life_wait_for(DIRECT "gone", 1, topic, APPROVED, false));
	life_insist("\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT
		    "gone\"",
		    "\"code\":\"OK\"", "NOT_FOUND");
}

/* Asked for, approved, acknowledged; and one that is rejected. */
static void onboard_by_decision(void)
{
	struct mosquitto *device =
		life_wait_for(CUSTOM "b", 0, LIFE_PENDING, CUSTOM "b", true);
	char id[64], members[512];

	life_impostors();
	life_offered_id(id, CUSTOM "b");
	snprintf(members, sizeof(members), "\"request_ids\":[\"%s\"]", id);
	life_order("ackPending", members);
	life_create(CUSTOM "b", 0, id);
	life_part(device);
	life_part(life_wait_for(CUSTOM "c", 1, LIFE_PENDING, CUSTOM "c", true));
	snprintf(members, sizeof(members),
		 "\"device_path\":\"%s\",\"fingerprint_sha256\":\"%s\","
		 "\"retry_after_s\":3600",
		 CUSTOM "c", life.f->fingerprints[1]);
	life_order("rejectDevice", members);
}

/* Asked for and not acknowledged: it is offered after every restart. */
static void leave_one_open(void)
{
	life_part(life_wait_for(CUSTOM "open", 1, LIFE_PENDING, CUSTOM "open",
				true));
}

static void restart(void)
{
	life_unload();
	gate_broker_reset();
	begin();
}

/* Its column may be NULL. */
static void has_metadata(const char *path)
{
	char members[512];

	snprintf(members, sizeof(members),
		 "\"command\":\"getDevice\",\"device_path\":\"%s\"", path);
	life_insist(members, "\"metadata\":{\"site\":\"plant 7\"}", NULL);
}

static void verify(void)
{
	struct mosquitto *device;

	has_metadata(CUSTOM "b");

	device = life_join(gate_unused, CUSTOM "b", 0);
	life_may_it_all(device, CUSTOM "b");
	life_part(device);
	/* That it has been here may be lost; then it is here for the first time
	 * again, and reads nothing that is left from before. */
	life_part(life_join(gate_unused, DIRECT "from-afar", 1));
	device = life_join(gate_unused, DIRECT "from-afar", 1);
	life_may_it_all(device, DIRECT "from-afar");
	life_part(device);
	life_shut_out(gate_unused(life.f, DIRECT "from-afar", 0),
		      "another key than the imported one");
	life_shut_out(gate_unused(life.f, DIRECT "a", 0), "a blocked device");
	life_shut_out(gate_first(life.f, DIRECT "a", 0),
		      "a blocked device, anew");
	life_shut_out(gate_unused(life.f, DIRECT "gone", 1),
		      "a deleted device");
	life_shut_out(gate_first(life.f, CUSTOM "c", 1), "a rejected device");
	life_impostors();
	(void)life_may(life.f->op, MOSQ_ACL_SUBSCRIBE, LIFE_PENDING);
	life_tick();
	if (!gate_published(LIFE_PENDING, CUSTOM "open"))
		campaign_find(life.run, "lost: a candidate is not offered");
	if (gate_published(LIFE_PENDING, CUSTOM "b\""))
		campaign_find(life.run, "offered, though acknowledged");
	/* and all goes on as ever */
	device = life_wait_for(CUSTOM "last", 0, LIFE_PENDING, CUSTOM "last",
			       true);
	life_create(CUSTOM "last", 0, "r-last");
	life_may_it_all(device, CUSTOM "last");
	life_part(device);
}

static void live(void)
{
	begin();
	if (!life.f->gate)
		return;
	furnish();
	onboard_directly();
	onboard_by_decision();
	life_import(DIRECT "from-afar", 1);
	leave_one_open();
	life_look();
	if (life.sweeps)
		life_delete_many();
	life_order("blockDevice", "\"device_path\":\"" DIRECT "a\"");
	life_impostors();
	life_reload();
	life_tick();
	life_check_offers();
	restart();
	if (!life.f->gate)
		return;
	life_part(life_join(gate_unused, CUSTOM "b", 0));
	life_part(life_join(gate_unused, DIRECT "from-afar", 1));
	life_impostors();
	life_tick();
	life_check_offers();
	fail.armed = false;
	restart();
	verify();
	if (life.sweeps)
		life_check_deleted();
	life_unload();
}

static void remove_database(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char name[128];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(name, sizeof(name), "%s%s", life.f->db, ends[i]);
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
	(void)nftw(life.f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void run(int plan, bool verbose, struct campaign_run *run)
{
	char where[256];
	size_t blocks;

	life.run = run;
	/* Several run at once, each the child of another worker. */
	snprintf(life.f->db, sizeof(life.f->db), "%s/%d.db", life.f->folder,
		 (int)getppid());
	remove_database(); /* of the run before, which may have crashed */
	life.sweeps = plan == PLAN_SWEEP;
	life.f->command_topic = plan == PLAN_SHARED ? "c/{device}" : NULL;
	life_leave();
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
	life_leave();
	gate_setup_group(&state, &entry);
	life.f = state;
	memcpy(life.f->folder, "/tmp/ztp-gate-XXXXXX", 21);
	if (!mkdtemp(life.f->folder)) {
		perror(life.f->folder);
		return 2;
	}
	code = campaign_main(&campaign, argc, argv);
	remove_folder();
	gate_teardown_group(&state);
	return code;
}
