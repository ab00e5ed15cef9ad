#ifndef ESP_LOG_H
#define ESP_LOG_H

#include <stdio.h>

#define LOG_LINE(level, tag, format, ...)                                      \
	fprintf(stderr, level " %s: " format "\n", tag, ##__VA_ARGS__)
#define ESP_LOGI(tag, ...) LOG_LINE("I", tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) LOG_LINE("W", tag, __VA_ARGS__)
#define ESP_LOGE(tag, ...) LOG_LINE("E", tag, __VA_ARGS__)

#endif
