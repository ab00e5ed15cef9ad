#include "bridge/http/metrics_family.h"

void metrics_family(FILE *out, const char *name, const char *type,
		    const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		      type);
}

void metrics_histogram(FILE *out, const char *name, const char *help,
		       const double *bounds, int n, const uint64_t *counts,
		       double sum)
{
	uint64_t count = 0;
	int i;

	metrics_family(out, name, "histogram", help);
	for (i = 0; i < n; i++) {
		count += counts[i];
		(void)fprintf(out, "%s_bucket{le=\"%g\"} %llu\n", name,
			      bounds[i], (unsigned long long)count);
	}
	count += counts[n];
	(void)fprintf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name,
		      (unsigned long long)count);
	(void)fprintf(out, "%s_sum %.3f\n", name, sum);
	(void)fprintf(out, "%s_count %llu\n", name, (unsigned long long)count);
}
