/*
 * ESP-IDF for a PC, as far as examples/device/esp-idf needs it: NVS is the
 * directory NVS_DIR with a file for each name, the clock is right, and the
 * network is there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "esp_event.h"
#include "esp_netif.h"
#include "esp_netif_sntp.h"
#include "esp_random.h"
#include "freertos/task.h"
#include "nvs.h"
#include "nvs_flash.h"
#include "protocol_examples_common.h"

void app_main(void);

const char *esp_err_to_name(esp_err_t code)
{
	switch (code) {
	case ESP_OK:
		return "ESP_OK";
	case ESP_ERR_NO_MEM:
		return "ESP_ERR_NO_MEM";
	case ESP_ERR_INVALID_ARG:
		return "ESP_ERR_INVALID_ARG";
	case ESP_ERR_NVS_NOT_FOUND:
		return "ESP_ERR_NVS_NOT_FOUND";
	default:
		return "ESP_FAIL";
	}
}

void esp_fill_random(void *out, size_t len)
{
	if (getrandom(out, len, 0) != (ssize_t)len)
		abort();
}

uint32_t esp_random(void)
{
	uint32_t number;

	esp_fill_random(&number, sizeof(number));
	return number;
}

void vTaskDelay(TickType_t ticks)
{
	const struct timespec time = {ticks / 1000, ticks % 1000 * 1000000L};

	(void)nanosleep(&time, NULL);
}

/* --- NVS */

static FILE *file_of(const char *name, const char *mode)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("NVS_DIR"), name);
	return fopen(path, mode);
}

esp_err_t nvs_open(const char *space, nvs_open_mode_t mode, nvs_handle_t *nvs)
{
	(void)mode;
	*nvs = 1;
	return strcmp(space, "ztp") == 0 ? ESP_OK : ESP_ERR_NVS_NOT_FOUND;
}

void nvs_close(nvs_handle_t nvs)
{
	(void)nvs;
}

esp_err_t nvs_get_str(nvs_handle_t nvs, const char *name, char *out,
		      size_t *size)
{
	FILE *file = file_of(name, "r");
	long len = -1;

	(void)nvs;
	if (!file)
		return ESP_ERR_NVS_NOT_FOUND;
	if (fseek(file, 0, SEEK_END) == 0)
		len = ftell(file);
	rewind(file);
	if (len >= 0 && out &&
	    (*size < (size_t)len + 1 ||
	     fread(out, 1, (size_t)len, file) != (size_t)len))
		len = -1;
	fclose(file);
	if (len < 0)
		return ESP_FAIL;
	if (out)
		out[len] = '\0';
	*size = (size_t)len + 1;
	return ESP_OK;
}

esp_err_t nvs_set_blob(nvs_handle_t nvs, const char *name, const void *bytes,
		       size_t len)
{
	FILE *file = file_of(name, "w");
	size_t n = file ? fwrite(bytes, 1, len, file) : 0;

	(void)nvs;
	if (!file || fclose(file) != 0 || n != len)
		return ESP_FAIL;
	return ESP_OK;
}

esp_err_t nvs_set_str(nvs_handle_t nvs, const char *name, const char *text)
{
	return nvs_set_blob(nvs, name, text, strlen(text));
}

esp_err_t nvs_commit(nvs_handle_t nvs)
{
	(void)nvs;
	return ESP_OK;
}

/* --- what a PC has anyway */

esp_err_t nvs_flash_init(void)
{
	return getenv("NVS_DIR") ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_netif_init(void)
{
	return ESP_OK;
}

esp_err_t esp_event_loop_create_default(void)
{
	return ESP_OK;
}

esp_err_t example_connect(void)
{
	return ESP_OK;
}

esp_err_t esp_netif_sntp_init(const esp_sntp_config_t *config)
{
	return config->server ? ESP_OK : ESP_ERR_INVALID_ARG;
}

esp_err_t esp_netif_sntp_sync_wait(uint32_t ticks)
{
	(void)ticks;
	return ESP_OK;
}

int main(void)
{
	app_main();
	return 0;
}
