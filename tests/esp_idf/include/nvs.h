#ifndef NVS_H
#define NVS_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

typedef uint32_t nvs_handle_t;
typedef enum { NVS_READONLY, NVS_READWRITE } nvs_open_mode_t;

esp_err_t nvs_open(const char *space, nvs_open_mode_t mode, nvs_handle_t *nvs);
void nvs_close(nvs_handle_t nvs);
esp_err_t nvs_get_str(nvs_handle_t nvs, const char *name, char *out,
		      size_t *size);
esp_err_t nvs_set_str(nvs_handle_t nvs, const char *name, const char *text);
esp_err_t nvs_set_blob(nvs_handle_t nvs, const char *name, const void *bytes,
		       size_t len);
esp_err_t nvs_commit(nvs_handle_t nvs);

#endif
