/*
 * bridge/kafka/kafka_check.h - do the values in kafka.properties go together?
 * Each by itself has been checked when the configuration was read.
 */
#ifndef BRIDGE_KAFKA_KAFKA_CHECK_H
#define BRIDGE_KAFKA_KAFKA_CHECK_H

#include "bridge/core/core.h"

/* Makes each of our handles once, without brokers, so that librdkafka judges
 * its properties and reads its TLS files; connects to nothing. Returns 0 or a
 * negative error, and in *line the line of the property at fault. */
int kafka_check(const struct config *config, int *line,
		struct ztp_error *error);

#endif
