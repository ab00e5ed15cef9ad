/*
 * The gate as a stranger and as an operator can talk to it, in the broker of
 * the unit tests. '<' and three lines: a connection (client ID, username,
 * password), which nobody can prove here and so is never let in as a device.
 * The password "@" stands for a JWT that is good at this moment, since the rest
 * is looked at only with one.
 * Anything else: an operator's message to $CONTROL, which has one answer that
 * is JSON. The gate keeps what it was told for a while and then begins anew.
 */
#include "fuzz.h"

#include "tests/unit/gate_fixture.h"
#include "ztp/json.h"

#define ANSWERS	   "$CONTROL/ztp/v1/response"
#define ANEW_AFTER 256

static const struct gate_entry entry = {mosquitto_plugin_init,
					mosquitto_plugin_cleanup, gate_settle};
static struct gate_fixture *fixture;
static unsigned inputs;

static void end(void)
{
	void *state = fixture;

	gate_teardown(&state);
	gate_teardown_group(&state);
}

static void begin(void)
{
	void *state = fixture;

	if (!fixture) {
		gate_setup_group(&state, &entry);
		fixture = state;
		MUST(atexit(end) == 0);
	} else {
		gate_teardown(&state);
	}
	gate_setup(&state);
}

static void knock(const uint8_t *data, size_t size)
{
	char *id = fuzz_line(&data, &size);
	char *username = fuzz_line(&data, &size);
	char *password = fuzz_line(&data, &size);
	bool good = strcmp(password, "@") == 0;
	char *jwt = good ? gate_proof(fixture, 0, 3600) : NULL;
	struct mosquitto *client =
		gate_client(id, username, good ? jwt : password, 5);
	char address[32];
	int rc;

	/* one each, or the limit per address would answer for all */
	snprintf(address, sizeof(address), "10.%u.%u.%u", inputs >> 16 & 255,
		 inputs >> 8 & 255, inputs & 255);
	client->address = address;
	rc = gate_connect(client);
	MUST(rc != MOSQ_ERR_SUCCESS);
	MUST(rc == MOSQ_ERR_PLUGIN_DEFER
		     ? strncmp(id, "subscriptions/", 14) != 0
		     : true);
	gate_client_forget(client);
	free(jwt);
	free(password);
	free(username);
	free(id);
}

static void command(const uint8_t *data, size_t size)
{
	size_t before = gate_published_count(ANSWERS, NULL);
	char *text = malloc(size + 1);
	const char *answer;

	MUST(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	gate_control(fixture->op, text);
	free(text);
	MUST(gate_published_count(ANSWERS, NULL) == before + 1);
	answer = gate_published(ANSWERS, NULL);
	MUST(ztp_json_check(answer, strlen(answer), 1 << 24, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (inputs++ % ANEW_AFTER == 0)
		begin();
	if (size > 0 && *data == '<')
		knock(data + 1, size - 1);
	else
		command(data, size);
	return 0;
}
