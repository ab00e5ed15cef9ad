#include "tools/common/broker_address.h"

#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"

bool ztp_broker_address(struct ztp_broker_address *address, const char *url)
{
	const char *at, *end, *port;

	if (!ztp_cli_is_url(url, &address->secure))
		return false;
	at = strstr(url, "://") + 3;
	if (*at == '[') {
		end = strchr(++at, ']');
		port = end ? end + 1 : NULL;
	} else {
		end = at + strcspn(at, ":/");
		port = end;
	}
	if (!end || end == at || (size_t)(end - at) >= sizeof(address->host))
		return false;
	snprintf(address->host, sizeof(address->host), "%.*s", (int)(end - at),
		 at);
	snprintf(address->port, sizeof(address->port), "%s",
		 address->secure ? "8883" : "1883");
	if (*port == ':')
		snprintf(address->port, sizeof(address->port), "%.*s",
			 (int)strspn(port + 1, "0123456789"), port + 1);
	return true;
}

bool ztp_broker_paho_url(char out[ZTP_BROKER_URL_LEN], const char *url)
{
	struct ztp_broker_address address;

	if (!ztp_broker_address(&address, url))
		return false;
	snprintf(out, ZTP_BROKER_URL_LEN, "%s://%s:%s",
		 address.secure ? "ssl" : "tcp", address.host, address.port);
	return true;
}
