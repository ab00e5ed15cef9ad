/*
 * The bridge's configuration file: it is refused at a line of the file, or
 * every setting is within its bounds and the file's own print is read again.
 * Files that it names are in a folder that does not exist.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "bridge/config/config.h"

static int load(struct config **config, const char *text, size_t size,
		struct ztp_error *error)
{
	int fd = memfd_create("settings", 0), line = 0, rc;
	char name[64];

	MUST(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	rc = config_load(config, name, &line, error);
	MUST(line >= 0);
	close(fd);
	return rc;
}

static void print_and_read_again(const struct config *config)
{
	struct config *again = NULL;
	struct ztp_error error;
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	MUST(file && config_print(config, file) == 0 && fclose(file) == 0);
	if (!strstr(text, "***")) /* secrets are not printed */
		MUST(load(&again, text, len, &error) == 0);
	config_free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	struct ztp_error error = {0};
	char *text = malloc(size + 1);
	size_t i;
	int rc;

	MUST(text);
	for (i = 0; i < size; i++) /* "_file: /…": no file of this machine */
		text[i] = (char)data[i];
	text[size] = '\0';
	if (!memmem(text, size, "file", 4)) {
		rc = load(&config, text, size, &error);
		MUST((rc == 0) == (config != NULL));
		MUST(rc == 0 || *error.message);
		if (rc == 0)
			print_and_read_again(config);
		config_free(config);
	}
	free(text);
	return 0;
}
