/*
 * The gate is recognised by its file's name. A `plugin` line applies to all
 * listeners, except with `per_listener_settings true`, where it belongs to the
 * listener above it. `global_plugin`, `plugin_load` and `plugin_use` are new in
 * 2.1. An included file begins without a current listener; the main file then
 * goes on with the one it had.
 */
#include "base/broker_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATE	       "ztp_gate"
#define QUEUED_DEFAULT 1000

typedef void note_fn(struct ztp_broker_facts *facts, const char *value);

static bool is_gate(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strstr(slash ? slash + 1 : path, GATE) != NULL;
}

/* The broker reads one word and ignores the rest, a comment for example. */
static bool is_true(const char *value)
{
	size_t len = strcspn(value, " ");

	return (len == 4 && memcmp(value, "true", 4) == 0) ||
	       (len == 1 && *value == '1');
}

static void copy(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text);
}

static struct ztp_broker_listener *add_listener(struct ztp_broker_facts *facts,
						const char *name)
{
	struct ztp_broker_listener *listener;

	if (facts->listeners++ >= ZTP_BROKER_LISTENERS_MAX)
		return NULL;
	listener = &facts->listener[facts->listeners - 1];
	copy(listener->name, sizeof(listener->name), name);
	return listener;
}

static void on_listener(struct ztp_broker_facts *facts, const char *value)
{
	facts->current = add_listener(facts, value);
}

/* 2.0 has a default listener without a `listener` line. */
static void on_port(struct ztp_broker_facts *facts, const char *value)
{
	if (!facts->current)
		facts->current = add_listener(facts, value);
}

/* Once true, we take it as true: 2.1 does the same, and 2.0 would apply some of
 * the lines in between to one listener only. */
static void on_per_listener(struct ztp_broker_facts *facts, const char *value)
{
	if (is_true(value))
		facts->per_listener_settings = true;
}

static void load_gate(struct ztp_broker_facts *facts, bool everywhere)
{
	facts->gate_named = true;
	facts->gate_options = true;
	if (everywhere)
		facts->gate_everywhere = true;
	else if (facts->current)
		facts->current->gate = true;
}

static void on_plugin(struct ztp_broker_facts *facts, const char *value)
{
	facts->gate_options = false;
	if (is_gate(value))
		load_gate(facts, !facts->per_listener_settings);
	else
		facts->other_plugin = true;
}

static void on_global_plugin(struct ztp_broker_facts *facts, const char *value)
{
	facts->gate_options = false;
	if (is_gate(value))
		load_gate(facts, true);
	else
		facts->other_plugin = true;
}

static void on_plugin_load(struct ztp_broker_facts *facts, const char *value)
{
	size_t len = strcspn(value, " ");

	facts->gate_options = false;
	if (!is_gate(value + len)) {
		facts->other_plugin = true;
		return;
	}
	facts->gate_named = facts->gate_options = true;
	if (len < sizeof(facts->gate_name)) {
		memcpy(facts->gate_name, value, len);
		facts->gate_name[len] = '\0';
	}
}

static void on_plugin_use(struct ztp_broker_facts *facts, const char *value)
{
	if (*facts->gate_name && strcmp(value, facts->gate_name) == 0)
		load_gate(facts, false);
}

static void on_command_topic(struct ztp_broker_facts *facts, const char *value)
{
	if (facts->gate_options)
		copy(facts->command_topic, sizeof(facts->command_topic), value);
}

static void on_certificate(struct ztp_broker_facts *facts, const char *value)
{
	if (facts->current && is_true(value))
		facts->current->certificate_is_user = true;
}

static void on_anonymous(struct ztp_broker_facts *facts, const char *value)
{
	facts->anonymous = is_true(value) ||
			   (facts->per_listener_settings && facts->anonymous);
}

static void on_listener_anonymous(struct ztp_broker_facts *facts,
				  const char *value)
{
	if (facts->current)
		facts->current->anonymous = is_true(value);
}

static void on_acl_file(struct ztp_broker_facts *facts, const char *value)
{
	(void)value;
	facts->acl_file = true;
}

static void on_max_queued(struct ztp_broker_facts *facts, const char *value)
{
	facts->max_queued_messages = strtoll(value, NULL, 0);
}

static void on_max_packet(struct ztp_broker_facts *facts, const char *value)
{
	facts->max_packet_size = strtoll(value, NULL, 0);
}

static void on_nodelay(struct ztp_broker_facts *facts, const char *value)
{
	facts->nodelay = is_true(value);
}

static void on_persistence(struct ztp_broker_facts *facts, const char *value)
{
	facts->persistence = is_true(value);
}

static void on_location(struct ztp_broker_facts *facts, const char *value)
{
	copy(facts->persistence_location, sizeof(facts->persistence_location),
	     value);
}

static void on_file(struct ztp_broker_facts *facts, const char *value)
{
	copy(facts->persistence_file, sizeof(facts->persistence_file), value);
}

static const struct {
	const char *key;
	note_fn *note;
} table[] = {
	{"listener", on_listener},
	{"port", on_port},
	{ZTP_BROKER_PER_LISTENER, on_per_listener},
	{"plugin", on_plugin},
	{"auth_plugin", on_plugin},
	{"global_plugin", on_global_plugin},
	{"plugin_load", on_plugin_load},
	{"plugin_use", on_plugin_use},
	{"plugin_opt_command_topic", on_command_topic},
	{"auth_opt_command_topic", on_command_topic},
	{"use_identity_as_username", on_certificate},
	{"use_subject_as_username", on_certificate},
	{ZTP_BROKER_ANONYMOUS, on_anonymous},
	{"listener_allow_anonymous", on_listener_anonymous},
	{ZTP_BROKER_ACL_FILE, on_acl_file},
	{"persistence", on_persistence},
	{"persistence_location", on_location},
	{"persistence_file", on_file},
	{ZTP_BROKER_MAX_QUEUED, on_max_queued},
	{ZTP_BROKER_MAX_PACKET, on_max_packet},
	{ZTP_BROKER_NODELAY, on_nodelay},
};

static void visit(const struct ztp_broker_setting *setting, void *arg)
{
	struct ztp_broker_facts *facts = arg;

	if (setting->nth != facts->nth) {
		if (facts->nth == 0)
			facts->main_current = facts->current;
		facts->current = setting->nth == 0 ? facts->main_current : NULL;
		facts->nth = setting->nth;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(setting->key, table[i].key) == 0)
			table[i].note(facts, setting->value);
}

int ztp_broker_facts_read(struct ztp_broker_facts *facts, const char *path,
			  struct ztp_error *error)
{
	*facts = (struct ztp_broker_facts){.max_queued_messages =
						   QUEUED_DEFAULT};
	return ztp_broker_config_read(path, visit, facts, error);
}
