#include "tools/serve/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "ztp/text.h"

bool text_decode(char *out, size_t size, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '%') {
			if (len - i < 3 ||
			    !ztp_hex_decode(&c, 1, text + i + 1, 2))
				return false;
			i += 2;
		}
		if (c == '\0' || n + 1 >= size)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

/* --- Prefer */

static bool is_word(struct ztp_str word, const char *name)
{
	return word.n == strlen(name) && strncasecmp(word.p, name, word.n) == 0;
}

/* Digits, perhaps quoted; what is more than allowed is the most allowed. */
static int seconds(struct ztp_str text)
{
	int number = 0;

	if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
		text = (struct ztp_str){text.p + 1, text.n - 2};
	if (!text.n)
		return -1;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		if (number < PREFER_WAIT_MAX)
			number = 10 * number + (text.p[i] - '0');
	}
	return number < PREFER_WAIT_MAX ? number : PREFER_WAIT_MAX;
}

/* "name", "name=value", either with parameters behind a semicolon. */
static void add_one(struct prefer *prefer, const char *text, size_t len)
{
	const char *end = memchr(text, ';', len), *equals;
	struct ztp_str name = {text, end ? (size_t)(end - text) : len};
	struct ztp_str value = {NULL, 0};

	equals = memchr(name.p, '=', name.n);
	if (equals) {
		value.p = equals + 1;
		value.n = name.n - (size_t)(equals + 1 - name.p);
		name.n = (size_t)(equals - name.p);
		value = ztp_str_trim(value);
	}
	name = ztp_str_trim(name);
	if (is_word(name, PREFER_ASYNC) && !equals)
		prefer->async = true;
	else if (is_word(name, PREFER_WAIT) && equals && prefer->wait_s < 0)
		prefer->wait_s = seconds(value);
}

void prefer_add(struct prefer *prefer, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ",");

		add_one(prefer, text, n);
		text += n + (text[n] == ',');
	}
}

/* --- Idempotency-Key */

bool idempotency_key_read(struct ztp_str *key, const char *text)
{
	*key = ztp_str_trim(ztp_str_of(text));
	if (key->n >= 2 && key->p[0] == '"' && key->p[key->n - 1] == '"')
		*key = (struct ztp_str){key->p + 1, key->n - 2};
	for (size_t i = 0; i < key->n; i++)
		if (key->p[i] < 0x21 || key->p[i] > 0x7e)
			return false;
	return key->n >= 1 && key->n <= IDEMPOTENCY_KEY_MAX;
}

/* --- Host and Origin */

/* The name without its port; brackets are taken off. */
static bool split_host(char out[64], bool *six, const char *host)
{
	const char *name = host + (*host == '[');
	size_t n = strcspn(name, *host == '[' ? "]" : ":");
	const char *rest = name + n;

	*six = *host == '[';
	if (n == 0 || n >= 64 || (*six && *rest != ']'))
		return false;
	rest += *six;
	if (*rest == ':')
		rest += 1 + strspn(rest + 1, "0123456789");
	memcpy(out, name, n);
	out[n] = '\0';
	return *rest == '\0';
}

bool host_is_loopback(const char *host)
{
	struct in6_addr address6;
	struct in_addr address;
	char name[64];
	bool six;

	if (!host || !split_host(name, &six, host))
		return false;
	if (six)
		return inet_pton(AF_INET6, name, &address6) == 1 &&
		       IN6_IS_ADDR_LOOPBACK(&address6);
	if (strcasecmp(name, "localhost") == 0)
		return true;
	return inet_pton(AF_INET, name, &address) == 1 &&
	       ntohl(address.s_addr) >> 24 == 127;
}

bool origin_is_host(const char *origin, const char *host)
{
	struct ztp_str text = ztp_str_of(origin);

	if (!host || (!ztp_str_take(&text, ZTP_HTTP_SCHEME) &&
		      !ztp_str_take(&text, ZTP_HTTPS_SCHEME)))
		return false;
	return strlen(host) == text.n && strncasecmp(host, text.p, text.n) == 0;
}
