/* ztp-approver serve: tools/serve with the page and the command line. */
#include "tools/serve/serve.h"
#include "tools/approver/options.h"
#include "tools/approver/serve_page.h"

int serve_command(const struct options *options)
{
	char policy[ZTP_PAGE_POLICY_MAX];
	struct serve_settings settings = options->serve;

	serve_page_policy(policy);
	settings.brokers = options->brokers;
	settings.group = options->group;
	settings.props = &options->props;
	settings.requests = options->requests;
	settings.decisions = options->decisions;
	settings.decisions_given = options->decisions_given;
	settings.results = options->results;
	settings.page = serve_page_text();
	settings.page_policy = policy;
	return serve_run(&settings);
}
