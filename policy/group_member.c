#include "ztp/group_member.h"

#include <stdio.h>
#include <string.h>

#include "ztp/text.h"

#define DIGITS 13
#define ALPHANUMERIC                                                           \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define NAME	ALPHANUMERIC "._-"
#define VERSION NAME "+~:"
/* RFC 3986 without quotes, brackets of other kinds and ';', which separates. */
#define URL ALPHANUMERIC "-._~:/?#[]@!$&()*+,=%"

static bool consists_of(const char *text, size_t max, const char *characters)
{
	size_t n = strspn(text, characters);

	return n > 0 && n <= max && text[n] == '\0';
}

bool ztp_instance_valid(const char *instance)
{
	return consists_of(instance, ZTP_INSTANCE_MAX, NAME);
}

bool ztp_advertise_valid(const char *url)
{
	struct ztp_str rest = {url, strlen(url)};

	if (*url == '\0')
		return true;
	return consists_of(url, ZTP_ADVERTISE_MAX, URL) &&
	       (ztp_str_take(&rest, ZTP_HTTP_SCHEME) ||
		ztp_str_take(&rest, ZTP_HTTPS_SCHEME)) &&
	       rest.n > 0 && !strchr("/?#@:", *rest.p);
}

static bool valid(const struct ztp_group_member *member)
{
	return member->joined_at >= 0 && member->joined_at <= ZTP_JOINED_MAX &&
	       ztp_instance_valid(member->instance) &&
	       consists_of(member->version, ZTP_VERSION_MAX, VERSION) &&
	       ztp_advertise_valid(member->advertise);
}

int ztp_group_member_write(char text[ZTP_GROUP_MEMBER_MAX + 1],
			   const struct ztp_group_member *member,
			   struct ztp_error *error)
{
	if (!valid(member))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"not an instance, version and URL");
	snprintf(text, ZTP_GROUP_MEMBER_MAX + 1, "%0*lld-%s;%s;%s", DIGITS,
		 (long long)member->joined_at, member->instance,
		 member->version, member->advertise);
	return 0;
}

/* The part of text before the separator, or all of it (0); text moves past
 * it. */
static bool take(char *out, size_t max, const char **text, char separator)
{
	const char *end = strchr(*text, separator);
	size_t n = end ? (size_t)(end - *text) : 0;

	if (!end || n > max)
		return false;
	memcpy(out, *text, n);
	out[n] = '\0';
	*text = end + 1;
	return true;
}

static bool take_time(int64_t *at, const char **text)
{
	if (strspn(*text, "0123456789") != DIGITS || (*text)[DIGITS] != '-')
		return false;
	*at = 0;
	for (int i = 0; i < DIGITS; i++)
		*at = *at * 10 + ((*text)[i] - '0');
	*text += DIGITS + 1;
	return true;
}

bool ztp_group_member_read(struct ztp_group_member *member, const char *text)
{
	memset(member, 0, sizeof(*member));
	return take_time(&member->joined_at, &text) &&
	       take(member->instance, ZTP_INSTANCE_MAX, &text, ';') &&
	       take(member->version, ZTP_VERSION_MAX, &text, ';') &&
	       take(member->advertise, ZTP_ADVERTISE_MAX, &text, '\0') &&
	       valid(member);
}
