#ifndef ESP_NETIF_SNTP_H
#define ESP_NETIF_SNTP_H

#include <stdint.h>

#include "esp_err.h"

typedef struct {
	const char *server;
} esp_sntp_config_t;

#define ESP_NETIF_SNTP_DEFAULT_CONFIG(name)                                    \
	{                                                                      \
		.server = (name)                                               \
	}

esp_err_t esp_netif_sntp_init(const esp_sntp_config_t *config);
esp_err_t esp_netif_sntp_sync_wait(uint32_t ticks);

#endif
