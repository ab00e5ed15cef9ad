/* Mosquitto's configuration as the gate and `ztpctl doctor` read it. */
#include "scratch.h"

#include "base/broker_facts.h"

#define PLUGIN "/usr/lib/x/mosquitto_ztp_gate.so"

static struct ztp_broker_facts facts;

static void put(const struct scratch *s, const char *name, const char *text)
{
	char path[300];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int read_main(const struct scratch *s, struct ztp_error *error)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/main", s->dir);
	return ztp_broker_facts_read(&facts, path, error);
}

static void reads(const char *text)
{
	struct ztp_error error = {0};
	struct scratch s;

	scratch_make(&s);
	put(&s, "main", text);
	assert_int_equal(read_main(&s, &error), 0);
	(void)scratch_files(&s, "", scratch_unlink);
	assert_int_equal(rmdir(s.dir), 0);
}

static void test_an_empty_file_is_all_defaults(void **state)
{
	(void)state;
	reads("");
	assert_false(facts.per_listener_settings || facts.gate_named ||
		     facts.acl_file || facts.anonymous);
	assert_false(facts.nodelay);
	assert_int_equal(facts.max_queued_messages, 1000);
	assert_int_equal(facts.listeners, 0);
}

static void test_lines(void **state)
{
	static const struct {
		const char *text;
		bool set;
	} cases[] = {
		{"per_listener_settings true", true},
		{"per_listener_settings 1\n", true},
		{"per_listener_settings true\r\n", true},
		{"   per_listener_settings   true  \n", true},
		{"\n\n# x\nper_listener_settings true\nlistener 1", true},
		{"per_listener_settings false\nper_listener_settings true",
		 true},
		{"per_listener_settings true\nper_listener_settings false",
		 true},
		{"per_listener_settings true # for the bridge", true},
		{"per_listener_settings 1 and what it likes\n", true},
		{"per_listener_settings false # not true", false},
		{"per_listener_settings false", false},
		{"per_listener_settings", false},
		{"#per_listener_settings true", false},
		{"per_listener_settings\ttrue", false},
		{"xper_listener_settings true", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		reads(cases[i].text);
		if (facts.per_listener_settings != cases[i].set)
			fail_msg("%s", cases[i].text);
	}
}

static void test_how_the_gate_is_loaded(void **state)
{
	static const struct {
		const char *text;
		bool named, everywhere, other;
	} cases[] = {
		{"plugin " PLUGIN, true, true, false},
		{"auth_plugin " PLUGIN, true, true, false},
		{"listener 1\nplugin " PLUGIN, true, true, false},
		{"global_plugin " PLUGIN, true, true, false},
		{"plugin /ztp_gate/other.so", false, false, true},
		{"per_listener_settings true\nlistener 1\nplugin " PLUGIN, true,
		 false, false},
		{"per_listener_settings true\nglobal_plugin " PLUGIN, true,
		 true, false},
		{"plugin_load g " PLUGIN, true, false, false},
		{"plugin_load g " PLUGIN "\nlistener 1\nplugin_use g", true,
		 false, false},
		{"plugin_load g /x.so", false, false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		reads(cases[i].text);
		if (facts.gate_named != cases[i].named ||
		    facts.gate_everywhere != cases[i].everywhere ||
		    facts.other_plugin != cases[i].other)
			fail_msg("%s", cases[i].text);
	}
}

static void test_listeners(void **state)
{
	(void)state;
	reads("plugin_load g " PLUGIN "\n"
	      "listener 1883 127.0.0.1\n"
	      "listener_allow_anonymous true\n"
	      "listener 8883\n"
	      "plugin_use g\n"
	      "use_subject_as_username true\n"
	      "listener 8884\n"
	      "plugin_use other\n"
	      "use_identity_as_username false\n");
	assert_int_equal(facts.listeners, 3);
	assert_string_equal(facts.listener[0].name, "1883 127.0.0.1");
	assert_true(facts.listener[0].anonymous && !facts.listener[0].gate);
	assert_true(facts.listener[1].gate &&
		    facts.listener[1].certificate_is_user);
	assert_false(facts.listener[2].gate ||
		     facts.listener[2].certificate_is_user);
}

static void test_more_listeners_than_there_is_room_for(void **state)
{
	char text[ZTP_BROKER_LISTENERS_MAX * 64];
	size_t used = 0;

	(void)state;
	for (int i = 0; i < ZTP_BROKER_LISTENERS_MAX + 1; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "listener %d\n"
					 "listener_allow_anonymous true\n",
					 i + 1);
	reads(text);
	assert_int_equal(facts.listeners, ZTP_BROKER_LISTENERS_MAX + 1);
}

static void test_numbers_and_the_gate_s_options(void **state)
{
	(void)state;
	reads("plugin /other.so\n"
	      "plugin_opt_command_topic not/this\n"
	      "plugin " PLUGIN "\n"
	      "plugin_opt_command_topic {device_path}/x\n"
	      "max_queued_messages 0\n"
	      "max_packet_size 131072\n"
	      "set_tcp_nodelay false\n"
	      "set_tcp_nodelay true\n"
	      "allow_anonymous true\n"
	      "acl_file /a\n");
	assert_string_equal(facts.command_topic, "{device_path}/x");
	assert_int_equal(facts.max_queued_messages, 0);
	assert_int_equal(facts.max_packet_size, 131072);
	assert_true(facts.nodelay);
	assert_true(facts.anonymous && facts.acl_file && facts.other_plugin);
}

/* The files are read in the broker's order, at the place of the include_dir
 * line. Each starts without a listener, and the main file continues with its
 * own. */
static void test_include_dir(void **state)
{
	struct ztp_error error = {0};
	struct scratch s;
	char text[400];

	(void)state;
	scratch_make(&s);
	put(&s, "b.conf", "max_packet_size 2\nuse_subject_as_username true\n");
	put(&s, "A.conf", "# x\nmax_packet_size 1\nlistener 7\n");
	put(&s, "C.conf", "max_packet_size 3\n");
	put(&s, "d.con", "max_packet_size 4\n");
	put(&s, ".conf", "max_packet_size 5\n");
	(void)snprintf(text, sizeof(text),
		       "listener 5\ninclude_dir %s\n"
		       "use_identity_as_username true\n",
		       s.dir);
	put(&s, "main", text);
	assert_int_equal(read_main(&s, &error), 0);
	assert_int_equal(facts.max_packet_size, 3);
	assert_int_equal(facts.listeners, 2);
	assert_true(facts.listener[0].certificate_is_user);
	assert_false(facts.listener[1].certificate_is_user);
	(void)snprintf(text, sizeof(text), "include_dir %s\n", s.dir);
	put(&s, "e.conf", text);
	assert_int_equal(read_main(&s, &error), ZTP_ERR_VALUE);
	assert_non_null(strstr(error.message, "e.conf:1: include_dir"));
	(void)scratch_files(&s, "", scratch_unlink);
	(void)snprintf(text, sizeof(text), "%s/.conf", s.dir);
	assert_int_equal(unlink(text), 0);
	assert_int_equal(rmdir(s.dir), 0);
}

static void test_what_cannot_be_read(void **state)
{
	static const char *const paths[] = {"/nowhere/at/all", "/tmp"};
	struct ztp_error error = {0};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
			ztp_broker_facts_read(&facts, paths[i], &error),
			ZTP_ERR_IO);
		assert_non_null(strstr(error.message, paths[i]));
	}
	assert_int_equal(ztp_broker_facts_read(&facts, "/dev/zero", &error),
			 ZTP_ERR_TOO_LARGE);
}

/* This process is not a broker. */
static void test_no_configuration_of_this_process(void **state)
{
	(void)state;
	assert_null(ztp_broker_config_of_process());
}

static void test_the_file_of_the_sessions(void **state)
{
	(void)state;
	reads("");
	assert_false(facts.persistence);
	assert_string_equal(facts.persistence_location, "");
	assert_string_equal(facts.persistence_file, "");
	reads("persistence true\npersistence_location /a b/\n"
	      "persistence_file x.db\n");
	assert_true(facts.persistence);
	assert_string_equal(facts.persistence_location, "/a b/");
	assert_string_equal(facts.persistence_file, "x.db");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_file_is_all_defaults),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_how_the_gate_is_loaded),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_more_listeners_than_there_is_room_for),
		cmocka_unit_test(test_numbers_and_the_gate_s_options),
		cmocka_unit_test(test_the_file_of_the_sessions),
		cmocka_unit_test(test_include_dir),
		cmocka_unit_test(test_what_cannot_be_read),
		cmocka_unit_test(test_no_configuration_of_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
