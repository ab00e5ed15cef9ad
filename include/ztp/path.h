/*
 * ztp/path.h - device paths and the topics made from them. A device path is a
 * device's MQTT client ID and Kafka key:
 *   subscriptions/{s}/registries/{r}/devices/{d}
 * Pure; no allocation; any thread.
 */
#ifndef ZTP_PATH_H
#define ZTP_PATH_H

#include "ztp/codec.h"
#include "ztp/error.h"

/* The first levels of the devices' topics and of the gate's. */
#define ZTP_ROOT_DEVICES "subscriptions"
#define ZTP_ROOT_GATE	 "ztp"

/* The text before each id. */
#define ZTP_PATH_SUBSCRIPTION ZTP_ROOT_DEVICES "/"
#define ZTP_PATH_REGISTRY     "/registries/"
#define ZTP_PATH_DEVICE	      "/devices/"

/* A path with the same text for every id, for filters. */
#define ZTP_PATH_OF(id)                                                        \
	ZTP_PATH_SUBSCRIPTION id ZTP_PATH_REGISTRY id ZTP_PATH_DEVICE id

/* What a device has below its path beside its commands: it writes the first
 * two and reads the last. */
#define ZTP_BRANCH_EVENTS "events"
#define ZTP_BRANCH_STATE  "state"
#define ZTP_BRANCH_CONFIG "config"

/* The placeholders of templates: for the whole path, and for its ids. */
#define ZTP_TEMPLATE_PATH	  "{device_path}"
#define ZTP_TEMPLATE_SUBSCRIPTION "{subscription}"
#define ZTP_TEMPLATE_REGISTRY	  "{registry}"
#define ZTP_TEMPLATE_DEVICE	  "{device}"

/* Bytes, without the NUL. */
#define ZTP_ID_MAX	 255
#define ZTP_PATH_MAX	 (14 + 12 + 9 + 3 * ZTP_ID_MAX)
#define ZTP_TOPIC_MAX	 1024
#define ZTP_REGISTRY_MAX (2 * ZTP_ID_MAX + 1) /* "s/r" */

/* Views into the text that was parsed, valid as long as it is. */
struct ztp_path {
	struct ztp_str whole;
	struct ztp_str subscription;
	struct ztp_str registry;
	struct ztp_str device;
};

/* True for 1-255 bytes of [A-Za-z0-9._~%-] that start with a letter or a digit,
 * which rules out "." and "..". */
bool ztp_id_valid(const char *text, size_t len);

/* True for "subscription/registry", both valid ids. */
bool ztp_registry_name_valid(const char *name);

/* Returns 0, or ZTP_ERR_PATH for anything that is not exactly a device path. */
int ztp_path_parse(struct ztp_path *path, const char *text, size_t len,
		   struct ztp_error *error);

/* Checks a command-topic template: literal text with {device_path},
 * {subscription}, {registry} and {device}. It begins with {device_path}/ and a
 * literal level other than ZTP_BRANCH_*, or with a literal level other than
 * ZTP_ROOT_*: then no device can be named so that its command topic is somebody
 * else's topic, or above or below one. Refuses unknown or broken
 * placeholders, wildcards, control characters, a leading '$', a template that
 * names no device, and one that can render to more than ZTP_TOPIC_MAX bytes.
 * Returns 0 or ZTP_ERR_VALUE. */
int ztp_topic_check(const char *template, struct ztp_error *error);

/* True when two different paths can never render to the same topic: the
 * template contains {device_path}, or all three ids separated by '/'. */
bool ztp_topic_unique(const char *template);

/* Renders a checked template. out has room for ZTP_TOPIC_MAX + 1. Returns the
 * length. */
size_t ztp_topic_render(char *out, const char *template,
			const struct ztp_path *path);

#endif
