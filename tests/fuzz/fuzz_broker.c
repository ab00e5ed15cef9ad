/*
 * A broker's configuration, as the gate reads that of its own broker and
 * `ztpctl doctor` another's. What was read is within its bounds; what could not
 * be read says why. Other files that it names are in a folder that does not
 * exist.
 */
#include "fuzz.h"

#include "base/broker_facts.h"
#include "tests/fuzz/files.h"

#define TERMINATED(field) (memchr((field), '\0', sizeof(field)) != NULL)

static void check(const struct ztp_broker_facts *facts)
{
	size_t i;

	MUST(TERMINATED(facts->command_topic) && TERMINATED(facts->gate_name));
	MUST(!facts->gate_everywhere || facts->gate_named);
	for (i = 0; i < facts->listeners && i < ZTP_BROKER_LISTENERS_MAX; i++) {
		MUST(TERMINATED(facts->listener[i].name));
		MUST(!facts->listener[i].gate || facts->gate_named);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ztp_broker_facts *facts = calloc(1, sizeof(*facts));
	struct ztp_error error = {0};
	char *text = malloc(size + 1);
	struct fuzz_file file;
	size_t i;
	int rc;

	MUST(facts && text);
	for (i = 0; i < size; i++)
		text[i] = data[i] == '/' ? '_' : (char)data[i];
	fuzz_file_make(&file, text, size);
	rc = ztp_broker_facts_read(facts, file.name, &error);
	if (rc == 0)
		check(facts);
	else
		MUST(error.code == (enum ztp_err)rc && *error.message);
	fuzz_file_end(&file);
	free(text);
	free(facts);
	return 0;
}
