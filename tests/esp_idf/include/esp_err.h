/* What examples/device/esp-idf uses of ESP-IDF, for a PC: the same names and
 * types, declared from its documentation. tests/esp_idf/host.c has no more of it
 * than the example needs. */
#ifndef ESP_ERR_H
#define ESP_ERR_H

#include <stdio.h>
#include <stdlib.h>

typedef int esp_err_t;

#define ESP_OK		      0
#define ESP_FAIL	      (-1)
#define ESP_ERR_NO_MEM	      0x101
#define ESP_ERR_INVALID_ARG   0x102
#define ESP_ERR_NVS_NOT_FOUND 0x1102

const char *esp_err_to_name(esp_err_t code);

#define ESP_ERROR_CHECK(x)                                                     \
	do {                                                                   \
		esp_err_t rc_ = (x);                                           \
		if (rc_ != ESP_OK) {                                           \
			fprintf(stderr, "%s: %s\n", #x, esp_err_to_name(rc_)); \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
