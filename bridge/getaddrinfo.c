#include "bridge/getaddrinfo.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>

#include "bridge/mqtt/names.h"

/* A mutable global, because nothing of ours is handed to getaddrinfo(). It is not
 * the bridge's, of which there may be several in a process, but the program's. */
static struct names *names;

static names_look_up *real(void)
{
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	names_look_up *function = NULL;

	memcpy(&function, &symbol, sizeof(function));
	return function;
}

struct names *getaddrinfo_names(void)
{
	names_look_up *function = real();

	if (!names && function)
		names = names_new(function);
	return names;
}

/* The MQTT libraries ask without a service; librdkafka, which may have a broker on
 * the same host, with one. */
int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **list)
{
	struct addrinfo numeric = {0};
	char address[NAME_ADDRESS_MAX];
	names_look_up *function = real();

	if (!function)
		return EAI_FAIL;
	if (!names || !node || service || !names_told(names, address, node))
		return function(node, service, hints, list);
	if (hints)
		numeric = *hints;
	numeric.ai_flags &= ~AI_ADDRCONFIG;
	numeric.ai_flags |= AI_NUMERICHOST;
	return function(address, NULL, &numeric, list);
}
