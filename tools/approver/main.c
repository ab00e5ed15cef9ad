/*
 * ztp-approver: the reference customer. run.c shows what a customer has to get
 * right: commit a request only when its decision is stored, decide about a
 * fingerprint and not about a name, and give the same answer when asked again.
 */
#include "base/stdio.h"
#include "tools/approver/options.h"
#include "tools/common/cli.h"

int main(int argc, char **argv)
{
	struct options options;
	int rc;

	if (!ztp_stdio_prepare())
		return ZTP_EXIT_FAILED;
	rc = options_read(&options, argc, argv);
	if (rc) {
		rc--;
	} else if (options.command == COMMAND_TEST) {
		rc = test_command(&options);
	} else if (options.command == COMMAND_SERVE) {
		rc = serve_command(&options);
	} else if (!ztp_cli_catch_signals(PROGRAM)) {
		ztp_cli_warn(PROGRAM, "cannot wait for signals");
		rc = ZTP_EXIT_FAILED;
	} else if (options.command == COMMAND_RUN) {
		rc = run_command(&options);
	} else if (options.command == COMMAND_WATCH) {
		rc = watch_command(&options);
	} else if (options.command == COMMAND_SIMULATE) {
		rc = simulate_command(&options);
	} else if (options.all) {
		rc = decide_all_command(&options);
	} else {
		rc = decide_command(&options);
	}
	options_clear(&options);
	if (!ztp_cli_flush(PROGRAM) && rc == ZTP_EXIT_OK)
		rc = ZTP_EXIT_FAILED;
	return rc;
}
