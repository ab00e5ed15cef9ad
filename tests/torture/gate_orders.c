/* The operator's commands, which are given again until they are obeyed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/torture/gate_calls.h"
#include "tests/torture/gate_life.h"
#include "ztp/json.h"

#define ANSWERS "$CONTROL/ztp/v1/response"

/* The response, or NULL: without memory there may be none. */
static const char *command(const char *members)
{
	size_t before = gate_published_count(ANSWERS, NULL), after;
	char text[4096];
	const char *answer;

	snprintf(text, sizeof(text), "{\"commands\":[{%s}]}", members);
	life_control(text);
	after = gate_published_count(ANSWERS, NULL);
	if (after == before) { /* what it waited for was lost */
		gate_calls_pass(LIFE_AGAIN_MS);
		life_tick();
		after = gate_published_count(ANSWERS, NULL);
	}
	if (after == before)
		return NULL;
	answer = gate_published(ANSWERS, NULL);
	/* that of a command before it may have come with it */
	if (ztp_json_check(answer, strlen(answer), 1 << 20, NULL) != 0)
		campaign_find(life.run, "its answer: %s", answer);
	if (strstr(answer, "\"code\":\"OK\"") &&
	    strstr(answer, "\"command\":\"getDevice\"") &&
	    (!strstr(answer, "\"fingerprint_sha256\"") ||
	     !strstr(answer, "\"live\"")))
		campaign_find(life.run, "half an answer: %s", answer);
	return answer;
}

/* Until it answers with this. */
void life_insist(const char *members, const char *code, const char *or_code)
{
	const char *answer = NULL;
	int i;

	for (i = 0; i < LIFE_TRIES; i++) {
		answer = command(members);
		if (answer && (strstr(answer, code) ||
			       (or_code && strstr(answer, or_code))))
			return;
		gate_calls_pass(LIFE_AGAIN_MS);
		life_tick();
	}
	campaign_find(life.run, "%.200s: %s", members,
		      answer ? answer : "nothing");
}

void life_order(const char *name, const char *members)
{
	char text[3584];

	snprintf(text, sizeof(text), "\"command\":\"%s\",%s", name, members);
	life_insist(text, "\"code\":\"OK\"", "ALREADY_EXISTS");
}

/* What lists and looks: any answer is good, as long as it is one. */
void life_look(void)
{
	static const char one[] = "\"command\":\"getDevice\",\"device_path\":"
				  "\"" DIRECT "a\"";
	static const char *const looks[] = {
		"\"command\":\"listRegistries\"",
		"\"command\":\"getRegistry\",\"registry\":\"acme/custom\"",
		"\"command\":\"listDevices\"",
		"\"command\":\"listPending\"",
		"\"command\":\"exportRegistry\",\"registry\":\"acme/custom\"",
		"\"command\":\"getInfo\"",
		one,
	};
	size_t i;

	for (i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		(void)command(looks[i]);
}

void life_add_ca(const char *registry)
{
	char *pem = certs_pem(life.f->ca), *lines = certs_lines(pem, "\\n");
	char members[3072];

	snprintf(members, sizeof(members), "\"registry\":\"%s\",\"pem\":\"%s\"",
		 registry, lines);
	life_order("addRegistryCa", members);
	free(lines);
	free(pem);
}

/* Whatever is not UNAVAILABLE ends the request for good at the bridge. */
void life_create(const char *path, int who, const char *id)
{
	const char *answer = NULL;
	char members[1024];
	int i;

	snprintf(members, sizeof(members),
		 "\"command\":\"createDevice\",\"device_path\":\"%s\","
		 "\"fingerprint_sha256\":\"%s\",\"request_id\":\"%s\","
		 "\"metadata\":{\"site\":\"plant 7\"}",
		 path, life.f->fingerprints[who], id);
	for (i = 0; i < LIFE_TRIES; i++) {
		answer = command(members);
		if (answer && strstr(answer, "\"code\":\"OK\""))
			return;
		if (answer && strstr(answer, "\"code\"") &&
		    !strstr(answer, "\"UNAVAILABLE\""))
			break;
		gate_calls_pass(LIFE_AGAIN_MS);
		life_tick();
	}
	campaign_find(life.run, "createDevice of %s: %s", path,
		      answer ? answer : "nothing");
}

/* As another gate exported it. */
void life_import(const char *path, int who)
{
	size_t len;
	uint8_t *spki = certs_spki(life.f->keys[who], &len);
	char key[1024], members[2048];

	ztp_base64_encode(key, spki, len);
	free(spki);
	snprintf(members, sizeof(members),
		 "\"command\":\"importDevice\",\"device_path\":\"%s\","
		 "\"fingerprint_sha256\":\"%s\",\"spki\":\"%s\",\"state\":"
		 "\"active\",\"onboarding\":"
		 "\"direct\",\"created_at\":\"2026-01-02T03:04:05.678Z\","
		 "\"request_id\":\"r-import\",\"metadata\":{\"site\":\"9\"}",
		 path, life.f->fingerprints[who], key);
	/* also when its first answer was lost: it is the same device */
	life_insist(members, "\"code\":\"OK\"", NULL);
}
