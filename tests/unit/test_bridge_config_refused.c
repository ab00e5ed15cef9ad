/* Configurations that are refused, at which line, and in which words. */
#include "config_case.h"

#include "tests/unit/refused.h"

static void refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(refused); i++)
		bad(refused[i].text, refused[i].line, refused[i].says);
}

/* A variable or a URL may contain a secret. */
static void refusals_keep_secrets(void **state)
{
	const char *const texts[] = {
		"mqtt: {url: \"mqtt://u:${HIDDEN}@h\"}\n",
		"mqtt: {url: \"${HIDDEN}\"}\n",
		"mqtt:\n  password: \"${HIDDEN}${UNSET}\"\n",
		"mqtt: {password: \"${HIDDEN}\", version: 3.1.1}\n",
		"kafka: {properties: {ssl.key.pem: \"${HIDDEN}\", a: b}}\n"};
	struct config *config;
	struct ztp_error error;
	int line;

	(void)state;
	for (size_t i = 0; i < LENGTH(texts); i++) {
		assert_true(load(&config, texts[i], &line, &error) < 0);
		assert_null(strstr(error.message, "hunter2"));
	}
}

static void bad_files(void **state)
{
	struct config *config;
	struct ztp_error error;
	char *text = malloc(CONFIG_FILE_MAX + 1);
	int line = 0;

	(void)state;
	assert_true(config_load(&config, "/no/such", &line, &error) < 0);
	assert_int_equal(line, 1);
	assert_non_null(strstr(error.message, "No such file"));
	assert_true(config_load(&config, directory, &line, &error) < 0);
	assert_int_equal(line, 1);
	assert_non_null(strstr(error.message, "Is a directory"));
	assert_true(config_load(&config, "/no/such", &line, NULL) < 0);

	assert_non_null(text);
	memset(text, '\n', CONFIG_FILE_MAX + 1);
	write_file(file, text, CONFIG_FILE_MAX + 1);
	assert_true(config_load(&config, file, &line, &error) < 0);
	assert_int_equal(line, 1);
	assert_int_equal(error.code, ZTP_ERR_TOO_LARGE);
	write_file(file, text, CONFIG_FILE_MAX);
	assert_int_equal(config_load(&config, file, &line, &error), 0);
	config_free(config);
	write_file(file, "log:\n  level: in\0fo\n", 20);
	assert_true(config_load(&config, file, &line, &error) < 0);
	assert_int_equal(line, 2);
	free(text);
}

static void complaint(void **state)
{
	struct ztp_error error;
	char text[128] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(out);
	ztp_fail(&error, ZTP_ERR_VALUE, "mqtt.url: no");
	config_complain(out, "/a/b.yaml", 7, &error);
	fclose(out);
	assert_string_equal(text, "/a/b.yaml:7: mqtt.url: no\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(refusals_keep_secrets),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(complaint),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
