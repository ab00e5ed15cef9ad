#include "bridge/http/metrics_family.h"

void metrics_family(FILE *out, const char *name, const char *type,
		    const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		      type);
}
