/* A device's own answer to its command. */
#include "fuzz.h"

#include "ztp/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ztp_applied applied;

	if (ztp_applied_parse(&applied, (const char *)data, size, NULL) == 0)
		MUST(ztp_request_id_valid(applied.request_id,
					  strlen(applied.request_id)));
	return 0;
}
