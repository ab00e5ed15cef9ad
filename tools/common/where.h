/*
 * tools/common/where.h - addresses and topics as a command line names them, so
 * that a slip is found before anybody waits for what is not there. Pure.
 */
#ifndef ZTP_TOOLS_WHERE_H
#define ZTP_TOOLS_WHERE_H

#include <stdbool.h>
#include <stddef.h>

/* HOST, HOST:PORT or [IPV6]:PORT, of n bytes. */
bool ztp_address_valid(const char *text, size_t n);
/* The same, several with commas, each as librdkafka takes it: with blanks around
 * it, or a protocol:// before it. */
bool ztp_brokers_valid(const char *text);
/* A name that Kafka takes. */
bool ztp_topic_name_valid(const char *name, size_t n);

#define ZTP_BROKERS_WANTED ": not HOST:PORT, or several with commas"
#define ZTP_TOPIC_WANTED                                                       \
	": a topic has 1 to 249 letters, digits, dots, underscores and "       \
	"hyphens"

#endif
