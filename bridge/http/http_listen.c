#include "bridge/http/http_listen.h"

#include <stdio.h>

#include "base/listen.h"

int http_listen(const struct config_http *config, struct ztp_error *error)
{
	const char *why;
	char port[12];
	int fd;

	(void)snprintf(port, sizeof(port), "%d", config->port);
	fd = ztp_listen(NULL, config->host, port, &why);
	if (fd < 0)
		return ztp_fail(error, ZTP_ERR_IO, "http.listen %.80s: %s",
				config->listen, why);
	return fd;
}

void http_listen_log(int listening, struct log *log)
{
	char name[ZTP_LISTEN_NAME];

	if (ztp_listen_name(name, listening))
		log_info(log, "http_listening", LOG_STR("addr", name));
}
