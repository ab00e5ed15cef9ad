#include "gate/address.h"

#include "gate/broker_api.h"

void ztp_address_of(char text[ZTP_ADDRESS_MAX + 1],
		    const struct mosquitto *client)
{
	const char *address = mosquitto_client_address(client);
	size_t len = 0;

	for (; address && address[len] && len < ZTP_ADDRESS_MAX; len++)
		text[len] = address[len] >= ' ' && address[len] <= '~'
				    ? address[len]
				    : '?';
	text[len] = '\0';
}

void ztp_address_source(struct ztp_throttle_source *source,
			const struct mosquitto *client, const char *text)
{
	ztp_throttle_source(source, text);
	/* which is 0 in all others: see ztp_throttle_source */
	if (mosquitto_client_protocol(client) == mp_websockets)
		source->bytes[8] = 1;
}
