/*
 * tests/unit/config_case.h - configuration files in a directory of their own.
 */
#ifndef ZTP_TESTS_CONFIG_CASE_H
#define ZTP_TESTS_CONFIG_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/config/config.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static char directory[] = "/tmp/ztp-config-XXXXXX";
static char file[64], secret_file[64], empty_file[64], nul_file[64],
	large_file[64];

static inline void write_file(const char *name, const char *text, size_t n)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
}

static inline int load(struct config **config, const char *text, int *line,
		       struct ztp_error *error)
{
	write_file(file, text, strlen(text));
	return config_load(config, file, line, error);
}

static inline struct config *good(const char *text)
{
	struct config *config;
	struct ztp_error error;
	int line;

	if (load(&config, text, &line, &error) < 0)
		fail_msg("%d: %s in\n%s", line, error.message, text);
	return config;
}

static inline void bad(const char *text, int line, const char *says)
{
	struct config *config;
	struct ztp_error error = {0};
	int at = -1;

	if (load(&config, text, &at, &error) == 0)
		fail_msg("accepted:\n%s", text);
	assert_null(config);
	if (at != line || !strstr(error.message, says))
		fail_msg("%d: %s\nnot\n%d: ... %s in\n%s", at, error.message,
			 line, says, text);
	assert_null(strchr(error.message, '\n'));
}

static inline int setup(void **state)
{
	char *large = calloc(1, CONFIG_SECRET_MAX + 1);
	char long_text[CONFIG_KEY_PASSWORD_MAX + 2] = "";

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/c.yaml", directory);
	snprintf(secret_file, sizeof(secret_file), "%s/secret", directory);
	snprintf(empty_file, sizeof(empty_file), "%s/empty", directory);
	snprintf(nul_file, sizeof(nul_file), "%s/nul", directory);
	snprintf(large_file, sizeof(large_file), "%s/large", directory);
	write_file(secret_file, "s3cret two\n\n", 12);
	write_file(empty_file, "", 0);
	write_file(nul_file, "a\0b", 3);
	assert_non_null(large);
	memset(large, 'x', CONFIG_SECRET_MAX + 1);
	write_file(large_file, large, CONFIG_SECRET_MAX + 1);
	free(large);
	setenv("DIR", directory, 1);
	setenv("HOST", "broker.example", 1);
	setenv("EMPTY", "", 1);
	setenv("HIDDEN", "hunter2", 1);
	setenv("NOT_UTF8", "\xff", 1);
	memset(long_text, 'x', sizeof(long_text) - 1);
	setenv("LONG", long_text, 1);
	unsetenv("UNSET");
	return 0;
}

static inline int teardown(void **state)
{
	const char *names[] = {file, secret_file, empty_file, nul_file,
			       large_file};

	(void)state;
	for (size_t i = 0; i < LENGTH(names); i++)
		unlink(names[i]);
	return rmdir(directory);
}

#endif
