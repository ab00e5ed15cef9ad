/*
 * tools/common/broker_address.h - the parts of a broker's URL.
 */
#ifndef ZTP_TOOLS_COMMON_BROKER_ADDRESS_H
#define ZTP_TOOLS_COMMON_BROKER_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define ZTP_BROKER_HOST_LEN 256 /* a name in DNS, and NUL */
#define ZTP_BROKER_URL_LEN  (ZTP_BROKER_HOST_LEN + 16)

struct ztp_broker_address {
	char host[ZTP_BROKER_HOST_LEN]; /* an IPv6 address without brackets */
	char port[8]; /* that of the scheme if it names none */
	bool secure;
};

/* SCHEME://HOST[:PORT][/...]; an IPv6 address stands in brackets. False: the URL is
 * none of MQTT's (see ztp_cli_is_url), or its host is too long. */
bool ztp_broker_address(struct ztp_broker_address *address, const char *url);

/* The same as paho takes it: with brackets, it looks for "[" and the address in the
 * broker's certificate; and what is behind the last colon it takes for the port. */
bool ztp_broker_paho_url(char out[ZTP_BROKER_URL_LEN], const char *url);

#endif
