/*
 * A gate whose database somebody else has written to. Lines as in fuzz_rows.c,
 * with the tables of the gate. The gate does not start, or answers every
 * command, and nobody who could not get in before gets in.
 */
#include "fuzz.h"

#include <sqlite3.h>
#include <unistd.h>

#include "tests/fuzz/spoil.h"
#include "tests/unit/gate_fixture.h"
#include "ztp/json.h"

#define ANSWERS "$CONTROL/ztp/v1/response"

static const struct gate_entry entry = {mosquitto_plugin_init,
					mosquitto_plugin_cleanup, gate_settle};
static struct gate_fixture *fixture;
static char good[128];

static void end(void)
{
	void *state = fixture;

	(void)unlink(good);
	gate_teardown(&state);
	gate_teardown_group(&state);
}

/* A device, a candidate, a rejected one and a deleted one. */
static void furnish(void)
{
	struct gate_fixture *f = fixture;
	char members[512];

	MUST(gate_connect(gate_first(f, DIRECT "a", 0)) == MOSQ_ERR_SUCCESS);
	MUST(gate_connect(gate_first(f, DIRECT "b", 1)) == MOSQ_ERR_SUCCESS);
	MUST(gate_connect(gate_first(f, CUSTOM "a", 0)) == MOSQ_ERR_SUCCESS);
	MUST(gate_connect(gate_first(f, CUSTOM "b", 1)) == MOSQ_ERR_SUCCESS);
	gate_tick();
	snprintf(members, sizeof(members),
		 "\"command\":\"rejectDevice\",\"device_path\":\"" CUSTOM
		 "b\",\"fingerprint_sha256\":\"%s\"",
		 f->fingerprints[1]);
	gate_ok(f, members);
	gate_ok(f,
		"\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT "b\"");
}

/* Candidates that are still to end with their registry or their CA, as when the
 * broker was killed meanwhile. There need be none. */
static void leave_sweeps(void)
{
	static const char sql[] =
		"INSERT INTO sweeps(registry, ca, ended, sessions) VALUES("
		"'acme/direct', x'', 0, 0), ('acme/direct', zeroblob(32), 5, "
		"1)";
	sqlite3 *db;

	MUST(sqlite3_open(fixture->db, &db) == SQLITE_OK);
	MUST(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	MUST(sqlite3_close(db) == SQLITE_OK);
}

static void begin(void)
{
	void *state;

	gate_setup_group(&state, &entry);
	fixture = state;
	gate_setup(&state);
	furnish();
	gate_unload(fixture);
	gate_broker_reset();
	leave_sweeps();
	snprintf(good, sizeof(good), "%s.good", fixture->db);
	spoil_copy(fixture->db, good);
	MUST(atexit(end) == 0);
}

static void ask(const char *members)
{
	size_t before = gate_published_count(ANSWERS, NULL);
	const char *answer = gate_command(fixture, members);

	MUST(gate_published_count(ANSWERS, NULL) == before + 1);
	MUST(ztp_json_check(answer, strlen(answer), 1 << 24, NULL) == 0);
}

static void ask_all(void)
{
	static const char *const commands[] = {
		"\"command\":\"listRegistries\"",
		"\"command\":\"getRegistry\",\"registry\":\"acme/custom\"",
		"\"command\":\"listDevices\"",
		"\"command\":\"listPending\"",
		"\"command\":\"getDevice\",\"device_path\":\"" DIRECT "a\"",
		"\"command\":\"blockDevice\",\"device_path\":\"" DIRECT "a\"",
		"\"command\":\"deleteDevice\",\"device_path\":\"" DIRECT "a\"",
		"\"command\":\"createRegistry\",\"registry\":\"acme/more\"",
	};
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		ask(commands[i]);
}

/* It is answered when all candidates have ended, which may be never: one of them
 * cannot be read. */
static void delete_registry(void)
{
	static const char members[] =
		"\"command\":\"deleteRegistry\",\"registry\":\"acme/direct\"";
	size_t before = gate_published_count(ANSWERS, NULL), after;

	(void)gate_command(fixture, members);
	gate_tick();
	after = gate_published_count(ANSWERS, NULL);
	MUST(after <= before + 1);
	if (after > before)
		MUST(ztp_json_check(gate_published(ANSWERS, NULL),
				    strlen(gate_published(ANSWERS, NULL)),
				    1 << 24, NULL) == 0);
}

/* The key is never right. */
static void knock(const char *path, const char *username)
{
	struct mosquitto *client = gate_client(path, username, "a.b.c", 5);

	MUST(gate_connect(client) == MOSQ_ERR_AUTH);
	gate_client_forget(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!fixture)
		begin();
	spoil_copy(good, fixture->db);
	spoil_rows(fixture->db, data, size);
	if (gate_load(fixture) == 0) {
		fixture->op = gate_client("op", OP, "secret", 5);
		MUST(gate_connect(fixture->op) == MOSQ_ERR_PLUGIN_DEFER);
		knock(DIRECT "a", "unused");
		knock(CUSTOM "a", fixture->texts[0]);
		ask_all();
		delete_registry();
		gate_tick();
		gate_unload(fixture);
	} else {
		MUST(*gate_broker.log);
	}
	gate_broker_reset();
	return 0;
}
