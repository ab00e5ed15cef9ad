/* Rules of single settings: addresses, topics, names. */
#include "bridge/config/settings.h"
#include "ztp/gate_protocol.h"
#include "ztp/group_member.h"
#include "ztp/request.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX       255
#define HTTP_HOSTS_MAX 64
#define OMIT_MAX       64 /* more than there are */
#define NO_PORT	       (-1)

struct endpoint {
	char host[HOST_MAX + 1];
	int port; /* NO_PORT: not given */
};

static bool port_parse(int *port, const char *text, size_t len)
{
	int value = 0;

	if (len < 1 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*port = value;
	return value <= 65535;
}

/* Accepts a DNS name or an IPv4 address. Text made only of digits and dots is
 * meant as an address, so it must be a valid one. */
static bool host_valid(const char *host)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	struct in_addr address;

	if (host[strspn(host, "0123456789.")] == '\0')
		return inet_pton(AF_INET, host, &address) == 1;
	return host[strspn(host, name)] == '\0' && host[0] != '.' &&
	       host[0] != '-' && !strstr(host, "..");
}

/* Finds the host in text: everything before the port's colon, or what stands
 * between the brackets. *rest is what follows the host or its bracket,
 * possibly empty. */
static bool find_host(struct ztp_str *host, struct ztp_str *rest,
		      const char *text, size_t len)
{
	bool ipv6 = len > 0 && text[0] == '[';
	const char *end = memchr(text, ipv6 ? ']' : ':', len);
	size_t n;

	if (ipv6 && !end)
		return false;
	n = end ? (size_t)(end - text) : len;
	*host = (struct ztp_str){text, n};
	*rest = (struct ztp_str){text + n, len - n};
	if (ipv6) {
		*host = (struct ztp_str){text + 1, n - 1};
		*rest = (struct ztp_str){end + 1, len - n - 1};
	}
	return host->n > 0 && host->n <= HOST_MAX;
}

/* HOST, HOST:PORT, [V6] or [V6]:PORT. */
static int endpoint_parse(struct endpoint *endpoint, const char *text,
			  size_t len, struct ztp_error *error)
{
	struct ztp_str host, rest;
	struct in6_addr address;
	bool valid;

	if (!find_host(&host, &rest, text, len))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"the address has no host");
	memcpy(endpoint->host, host.p, host.n);
	endpoint->host[host.n] = '\0';
	endpoint->port = NO_PORT;
	valid = host.p == text
			? host_valid(endpoint->host)
			: inet_pton(AF_INET6, endpoint->host, &address) == 1;
	if (!valid)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"the address has an invalid host");
	if (rest.n > 0 && rest.p[0] != ':')
		return ztp_fail(error, ZTP_ERR_VALUE,
				"unexpected text after ']' in the address");
	if (rest.n > 0 && !port_parse(&endpoint->port, rest.p + 1, rest.n - 1))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"the address has an invalid port");
	return 0;
}

static int not_host_port(const char *text, size_t len, const char *why,
			 struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_VALUE, "\"%.*s\" is not HOST:PORT: %s",
			len > 80 ? 80 : (int)len, text, why);
}

/* Only of what is no URL: see setting_check_url. */
static int host_and_port(struct endpoint *endpoint, const char *text,
			 size_t len, struct ztp_error *error)
{
	struct ztp_error why = {0};

	if (endpoint_parse(endpoint, text, len, &why) != 0)
		return not_host_port(text, len, why.message, error);
	if (endpoint->port == NO_PORT)
		return not_host_port(text, len, "the address has no port",
				     error);
	return 0;
}

static int store_host(char **member, const struct endpoint *endpoint,
		      struct ztp_error *error)
{
	char *copy = strdup(endpoint->host);

	if (!copy)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	free(*member);
	*member = copy;
	return 0;
}

static const char *after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* Returns NULL for an unknown scheme. */
static const char *after_scheme(const char *url, bool *secure)
{
	const char *rest = after(url, ZTP_MQTTS_SCHEME);

	*secure = rest != NULL;
	return rest ? rest : after(url, ZTP_MQTT_SCHEME);
}

/* Messages never repeat the text: people do write passwords into URLs. */
int setting_check_url(struct config *config, const char *text,
		      struct ztp_error *error)
{
	struct endpoint endpoint = {0};
	bool secure = false;
	const char *rest = after_scheme(text, &secure);
	int rc;

	if (!rest)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"the URL is neither mqtt:// nor mqtts://");
	if (strchr(rest, '@'))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"the URL must not contain a user or password: "
				"use mqtt.username and mqtt.password_file");
	if (strpbrk(rest, "/?#"))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"unexpected text after the URL's port");
	rc = endpoint_parse(&endpoint, rest, strlen(rest), error);
	if (rc == 0 && endpoint.port == 0)
		rc = ztp_fail(error, ZTP_ERR_VALUE,
			      "the address has an invalid port");
	if (rc == 0)
		rc = store_host(&config->mqtt.host, &endpoint, error);
	if (rc < 0)
		return rc;
	config->mqtt.secure = secure;
	config->mqtt.port = endpoint.port;
	if (endpoint.port == NO_PORT)
		config->mqtt.port = secure ? 8883 : 1883;
	return 0;
}

int setting_check_listen(struct config *config, const char *text,
			 struct ztp_error *error)
{
	struct endpoint endpoint = {.port = 0};
	int rc = 0;

	if (text[0] != '\0')
		rc = host_and_port(&endpoint, text, strlen(text), error);
	if (rc == 0)
		rc = store_host(&config->http.host, &endpoint, error);
	if (rc == 0)
		config->http.port = endpoint.port;
	return rc;
}

/* As a browser writes it in Host, but for the port. */
int setting_check_host(struct config *config, const char *text,
		       struct ztp_error *error)
{
	const struct config_list *list = &config->http.hosts;

	if (text[0] == '\0' || strlen(text) > HOST_MAX || !host_valid(text))
		return ztp_fail(
			error, ZTP_ERR_VALUE,
			"\"%.80s\" is not a host name: write it without "
			"scheme and port",
			text);
	if (list->count == HTTP_HOSTS_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_MANY, "more than %d names",
				HTTP_HOSTS_MAX);
	return 0;
}

int setting_check_brokers(struct config *config, const char *text,
			  struct ztp_error *error)
{
	struct endpoint endpoint = {0};
	const char *at = text;

	(void)config;
	for (;;) {
		size_t n;
		int rc;

		at += strspn(at, " "); /* as librdkafka reads it */
		n = strcspn(at, ",");
		rc = host_and_port(&endpoint, at, n, error);
		if (rc == 0 && endpoint.port == 0)
			rc = not_host_port(at, n, "port 0", error);
		if (rc < 0)
			return rc;
		if (at[n] == '\0')
			return 0;
		at += n + 1;
	}
}

int setting_check_client_id(struct config *config, const char *text,
			    struct ztp_error *error)
{
	(void)config;
	if (after(text, ZTP_PATH_SUBSCRIPTION))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"must not begin with " ZTP_PATH_SUBSCRIPTION);
	return 0;
}

/* May text be one more item of a list of at most max different ones? */
static int check_item(const struct config_list *list, size_t max,
		      const char *text, struct ztp_error *error)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return ztp_fail(error, ZTP_ERR_VALUE,
					"\"%.80s\" is given more than once",
					text);
	if (list->count >= max)
		return ztp_fail(error, ZTP_ERR_TOO_MANY, "more than %zu names",
				max);
	return 0;
}

int setting_check_subscription(struct config *config, const char *text,
			       struct ztp_error *error)
{
	if (!ztp_id_valid(text, strlen(text)))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"\"%.80s\" is not the id of a subscription",
				text);
	return check_item(&config->mqtt.subscriptions, CONFIG_SUBSCRIPTIONS_MAX,
			  text, error);
}

/* What comes there is something else, of which the bridge makes no request. */
static bool is_otherwise_used(const char *topic)
{
	const size_t n = sizeof(ZTP_MQTT_SUBSCRIBED) - 1;

	return strcmp(topic, ZTP_MQTT_AUDIT) == 0 ||
	       strcmp(topic, ZTP_MQTT_AUDITS) == 0 ||
	       strcmp(topic, ZTP_MQTT_WITHDRAWN) == 0 ||
	       (strncmp(topic, ZTP_MQTT_SUBSCRIBED, n) == 0 &&
		(topic[n] == '\0' || topic[n] == '/'));
}

/* A topic that the bridge subscribes to and compares with: no wildcard (MQTT 5
 * section 4.7), no shared subscription. */
int setting_check_topic(struct config *config, const char *text,
			struct ztp_error *error)
{
	if (is_otherwise_used(text))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"the gate has another use for %s", text);
	if (strpbrk(text, "+#"))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"the topic contains a wildcard");
	if (text[0] == '$')
		return ztp_fail(error, ZTP_ERR_VALUE,
				"the topic begins with '$'");
	return check_item(&config->mqtt.pending_topics,
			  CONFIG_PENDING_TOPICS_MAX, text, error);
}

int setting_check_template(struct config *config, const char *text,
			   struct ztp_error *error)
{
	(void)config;
	return ztp_topic_check(text, error);
}

int setting_check_keepalive(struct config *config, const char *text,
			    struct ztp_error *error)
{
	if (config->mqtt.keepalive_ms % 1000 != 0)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%.40s is not a whole number of seconds", text);
	return 0;
}

/* What Kafka accepts as a topic name. */
int setting_check_kafka_topic(struct config *config, const char *text,
			      struct ztp_error *error)
{
	(void)config;
	for (const char *at = text; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
			return ztp_fail(
				error, ZTP_ERR_VALUE,
				"\"%.80s\" is not a Kafka topic: use only "
				"letters, digits, '.', '_' and '-'",
				text);
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"\"%s\" is not a Kafka topic", text);
	return 0;
}

int setting_check_instance(struct config *config, const char *text,
			   struct ztp_error *error)
{
	(void)config;
	if (text[0] != '\0' && !ztp_instance_valid(text))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"\"%.80s\" is not a name: use only letters, "
				"digits, '.', '_' and '-'",
				text);
	return 0;
}

int setting_check_advertise(struct config *config, const char *text,
			    struct ztp_error *error)
{
	(void)config;
	if (!ztp_advertise_valid(text))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"\"%.80s\" is neither an http:// nor an "
				"https:// URL without ';' and spaces",
				text);
	return 0;
}

int setting_check_omit(struct config *config, const char *text,
		       struct ztp_error *error)
{
	if (!ztp_request_may_omit(text))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"\"%.80s\" is not a field that can be omitted",
				text);
	return check_item(&config->onboarding.omit_fields, OMIT_MAX, text,
			  error);
}
