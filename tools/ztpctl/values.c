/* The gate says most of it, too, but only to those who reach it. */
#include "tools/ztpctl/values.h"

#include <string.h>

#include "tools/common/cli.h"
#include "ztp/gate.h"
#include "ztp/gate_protocol.h"
#include "ztp/path.h"
#include "ztp/pending.h"
#include "ztp/text.h"

#define TEXT_MAX 4096

/* What goes to the broker or the gate must be UTF-8: neither would say what is
 * wrong with it. */
static bool check_texts(const struct ztp_ctl *ctl, bool file_is_last)
{
	const struct {
		const char *name, *text;
	} rows[] = {
		{"--username", ctl->broker.username},
		{"--onboarding", ctl->onboarding},
		{"--audience", ctl->audience},
		{"the first argument", ctl->arguments[0]},
		{"the second argument",
		 file_is_last ? NULL : ctl->arguments[1]},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *text = rows[i].text;

		if (text && (strlen(text) > TEXT_MAX ||
			     !ztp_utf8_valid(text, strlen(text)))) {
			(void)ztp_cli_usage("ztpctl",
					    "%s is not UTF-8 or is longer than "
					    "%d bytes",
					    rows[i].name, TEXT_MAX);
			return false;
		}
	}
	return true;
}

static bool check_onboarding(const struct ztp_ctl *ctl)
{
	enum ztp_onboarding mode;

	if (!ctl->onboarding || ztp_onboarding_parse(&mode, ctl->onboarding))
		return true;
	(void)ztp_cli_usage("ztpctl",
			    "--onboarding: bad value: %.100s: neither direct "
			    "nor custom nor off",
			    ctl->onboarding);
	return false;
}

static bool check_state(const struct ztp_ctl *ctl)
{
	if (!ctl->state || strcmp(ctl->state, ZTP_DEVICE_ACTIVE) == 0 ||
	    strcmp(ctl->state, ZTP_DEVICE_BLOCKED) == 0)
		return true;
	(void)ztp_cli_usage("ztpctl",
			    "--state is neither " ZTP_DEVICE_ACTIVE
			    " nor " ZTP_DEVICE_BLOCKED ": %.100s",
			    ctl->state);
	return false;
}

static bool is_path(const char *text)
{
	struct ztp_path path;

	return ztp_path_parse(&path, text, strlen(text), NULL) == 0;
}

static bool check_first(const char *text, enum ztp_ctl_first first)
{
	const char *wanted = "subscriptions/S/registries/R/devices/D";

	if (first == ZTP_CTL_OTHER || !text)
		return true;
	if (first == ZTP_CTL_REGISTRY) {
		if (ztp_registry_name_valid(text))
			return true;
		wanted = "SUBSCRIPTION/REGISTRY";
	} else if (is_path(text)) {
		return true;
	} else if (first == ZTP_CTL_CANDIDATE) {
		if (ztp_request_id_valid(text, strlen(text)))
			return true;
		wanted = "subscriptions/S/registries/R/devices/D nor a "
			 "request's id";
	}
	(void)ztp_cli_usage("ztpctl", "%s %s: %.100s",
			    first == ZTP_CTL_CANDIDATE ? "neither" : "not",
			    wanted, text);
	return false;
}

bool ztp_ctl_check_values(const struct ztp_ctl *ctl,
			  const struct ztp_ctl_command *command)
{
	return check_texts(ctl, command->file_is_last) &&
	       check_onboarding(ctl) && check_state(ctl) &&
	       check_first(ctl->arguments[0], command->first);
}
