/*
 * base/kafka_files.h - files that a librdkafka property names. librdkafka opens
 * them itself, in several handles, and waits for ever for the writer of a pipe.
 * Blocks no longer than a disk does; any thread.
 */
#ifndef ZTP_BASE_KAFKA_FILES_H
#define ZTP_BASE_KAFKA_FILES_H

#include <stddef.h>

#include "ztp/error.h"

/* 0 too if the property, with a name of len bytes, names no file. The message
 * names the file, not the property. */
int ztp_kafka_file_check(const char *name, size_t len, const char *value,
			 struct ztp_error *error);

#endif
