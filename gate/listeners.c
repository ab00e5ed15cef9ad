/*
 * The plugin API does not say for which listeners a plugin is loaded. With
 * `per_listener_settings true`, or with 2.1's plugin_use, it is called for some
 * listeners only. TICK comes (since 2.0.15) as if it were loaded for all, and
 * it hears nothing of the other listeners' clients. So the gate reads the
 * broker's own configuration, the file that the broker was started with. It
 * must be loaded once for all listeners, whatever listeners there are today;
 * otherwise it does not start.
 */
#include "gate/listeners.h"

#include <stdlib.h>

#include "base/broker_facts.h"
#include "gate/broker_api.h"
#include "gate/log.h"

static void unknown(const char *why)
{
	ztp_gate_log(MOSQ_LOG_WARNING,
		     "event=listeners_unknown reason=\"%s\": "
		     "cannot check that per_listener_settings is false, as it "
		     "must be",
		     why);
}

static int judge(const struct ztp_broker_facts *facts, const char *path,
		 struct ztp_error *error)
{
	if (facts->per_listener_settings)
		return ztp_fail(error, ZTP_ERR_USAGE,
				"per_listener_settings is true in %s: there "
				"may be listeners without the gate",
				path);
	if (facts->gate_named && !facts->gate_everywhere)
		return ztp_fail(error, ZTP_ERR_USAGE,
				"loaded by plugin_use in %s: there may be "
				"listeners without the gate; use plugin or "
				"global_plugin",
				path);
	if (!facts->gate_named)
		unknown("no line of the configuration loads this plugin");
	return 0;
}

int ztp_listeners_check(struct ztp_error *error)
{
	char *path = ztp_broker_config_of_process();
	struct ztp_broker_facts facts;
	struct ztp_error why = {0};
	int rc = 0;

	if (!path)
		unknown("the broker was started without -c");
	else if (ztp_broker_facts_read(&facts, path, &why) != 0)
		unknown(why.message);
	else
		rc = judge(&facts, path, error);
	free(path);
	return rc;
}
