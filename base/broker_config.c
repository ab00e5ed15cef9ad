#include "base/broker_config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ztp/text.h"

#define FILE_MAX_BYTES (1024 * 1024)

struct reading {
	ztp_broker_visit_fn *visit;
	void *arg;
	size_t files;
};

static int read_file(struct reading *reading, const char *path,
		     struct ztp_error *error);

/* ---- include_dir: *.conf, sorted case-insensitively, then by case */

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int in_order(const struct dirent **one, const struct dirent **other)
{
	const unsigned char *a = (const unsigned char *)(*one)->d_name;
	const unsigned char *b = (const unsigned char *)(*other)->d_name;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (toupper(*a) != toupper(*b) && *a && *b)
		return toupper(*a) - toupper(*b);
	return *a - *b;
}

static int read_folder(struct reading *reading, const char *folder,
		       struct ztp_error *error)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_conf, in_order);
	char path[4096];
	int rc = 0;

	if (count < 0)
		return ztp_fail(error, ZTP_ERR_IO, "%s: %s", folder,
				strerror(errno));
	for (int i = 0; i < count; i++) {
		int n = snprintf(path, sizeof(path), "%s/%s", folder,
				 entries[i]->d_name);

		if (rc == 0 && (n < 0 || (size_t)n >= sizeof(path)))
			rc = ztp_fail(error, ZTP_ERR_VALUE,
				      "%s: a file name in it is too long",
				      folder);
		if (rc == 0)
			rc = read_file(reading, path, error);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static char *trimmed(char *text)
{
	struct ztp_str inner = ztp_str_trim(ztp_str_of(text));

	text += inner.p - text;
	text[inner.n] = '\0';
	return text;
}

/* Mosquitto splits the key from its value at a space, not at a tab. It does not
 * know a key with a tab in it, and refuses to start. */
static int read_line(struct reading *reading,
		     struct ztp_broker_setting *setting, char *line,
		     struct ztp_error *error)
{
	char *end;

	if (*line == '#')
		return 0;
	line += strspn(line, " ");
	end = line + strcspn(line, " \r");
	if (end == line)
		return 0;
	setting->value = *end ? trimmed(end + 1) : end;
	*end = '\0';
	setting->key = line;
	reading->visit(setting, reading->arg);
	if (strcmp(setting->key, "include_dir") != 0)
		return 0;
	if (setting->nth > 0)
		return ztp_fail(
			error, ZTP_ERR_VALUE,
			"%s:%d: include_dir is not allowed in an included file",
			setting->file, setting->line);
	return read_folder(reading, setting->value, error);
}

static int read_file(struct reading *reading, const char *path,
		     struct ztp_error *error)
{
	struct ztp_broker_setting setting = {.file = path,
					     .nth = reading->files++};
	char *text, *rest, *line;
	size_t len;
	int rc = ztp_file_read(&text, &len, path, FILE_MAX_BYTES, error);

	rest = text;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL) {
		setting.line++;
		rc = read_line(reading, &setting, line, error);
	}
	free(text);
	return rc;
}

int ztp_broker_config_read(const char *path, ztp_broker_visit_fn *visit,
			   void *arg, struct ztp_error *error)
{
	struct reading reading = {visit, arg, 0};

	return read_file(&reading, path, error);
}

char *ztp_broker_config_of_process(void)
{
	FILE *file = fopen("/proc/self/cmdline", "re");
	char *argument = NULL, *found = NULL;
	bool expected = false;
	size_t size = 0;

	if (!file)
		return NULL;
	while (getdelim(&argument, &size, '\0', file) > 0) {
		if (expected) {
			free(found);
			found = strdup(argument);
		}
		expected =
			!expected && (strcmp(argument, "-c") == 0 ||
				      strcmp(argument, "--config-file") == 0);
	}
	free(argument);
	(void)fclose(file);
	return found;
}
