#include "identity.h"

#include <stdlib.h>
#include <string.h>

#include <nvs.h>

#define SPACE "ztp"

static esp_err_t read_text(nvs_handle_t nvs, const char *name, char **text)
{
	size_t size = 0;
	esp_err_t rc = nvs_get_str(nvs, name, NULL, &size);

	*text = rc == ESP_OK ? malloc(size) : NULL;
	if (rc == ESP_OK && !*text)
		return ESP_ERR_NO_MEM;
	return rc == ESP_OK ? nvs_get_str(nvs, name, *text, &size) : rc;
}

esp_err_t identity_load(struct identity *identity)
{
	struct {
		const char *name;
		char **text;
	} const table[] = {
		{"uri", &identity->uri},   {"ca", &identity->ca},
		{"cert", &identity->cert}, {"key", &identity->key},
		{"path", &identity->path}, {"audience", &identity->audience},
	};
	nvs_handle_t nvs;
	esp_err_t rc = nvs_open(SPACE, NVS_READONLY, &nvs);

	if (rc != ESP_OK)
		return rc;
	for (size_t i = 0; rc == ESP_OK && i < sizeof(table) / sizeof(*table);
	     i++)
		rc = read_text(nvs, table[i].name, table[i].text);
	nvs_close(nvs);
	return rc;
}

static bool last_applied(char *id, size_t size)
{
	nvs_handle_t nvs;
	bool found;

	if (nvs_open(SPACE, NVS_READONLY, &nvs) != ESP_OK)
		return false;
	found = nvs_get_str(nvs, "applied", id, &size) == ESP_OK;
	nvs_close(nvs);
	return found;
}

bool identity_onboarded(void)
{
	char id[160];

	return last_applied(id, sizeof(id));
}

bool identity_applied(const char *request_id)
{
	char id[160];

	return last_applied(id, sizeof(id)) && strcmp(id, request_id) == 0;
}

/* The payload first: if the power fails in between, the request is not yet
 * applied, and the device is told again. */
esp_err_t identity_apply(const char *request_id, const char *payload,
			 size_t len)
{
	nvs_handle_t nvs;
	esp_err_t rc = nvs_open(SPACE, NVS_READWRITE, &nvs);

	if (rc != ESP_OK)
		return rc;
	if (payload)
		rc = nvs_set_blob(nvs, "config", payload, len);
	if (rc == ESP_OK)
		rc = nvs_commit(nvs);
	if (rc == ESP_OK)
		rc = nvs_set_str(nvs, "applied", request_id);
	if (rc == ESP_OK)
		rc = nvs_commit(nvs);
	nvs_close(nvs);
	return rc;
}
