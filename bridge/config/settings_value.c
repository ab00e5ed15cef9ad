/* Converts a row's text to a member of struct config and back. */
#include "bridge/config/settings.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* Longest first, so that formatting finds the largest unit that fits. */
static const struct {
	const char *text;
	int64_t ms;
} units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

#define UNITS (sizeof(units) / sizeof(units[0]))

static const struct {
	const char *text;
	int64_t bytes;
} sizes[] = {{"MiB", 1024 * 1024}, {"KiB", 1024}, {"", 1}};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

void *setting_at(const struct setting *setting, const struct config *config)
{
	return (char *)config + setting->offset;
}

static char **text_at(const struct setting *setting,
		      const struct config *config)
{
	return setting_at(setting, config);
}

/* A choice is stored in an enum or an int, which must be equally wide. */
_Static_assert(sizeof(enum ztp_command_format) == sizeof(int) &&
		       sizeof(enum ztp_verdict) == sizeof(int) &&
		       sizeof(enum config_registrar) == sizeof(int) &&
		       sizeof(enum config_ack) == sizeof(int) &&
		       sizeof(enum config_sync) == sizeof(int) &&
		       sizeof(enum log_level) == sizeof(int) &&
		       sizeof(enum log_format) == sizeof(int),
	       "an enum is not as wide as an int");

void setting_wipe(char *text)
{
	if (text)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

/* Accepts digits only; *rest is what follows them. */
static bool whole_number(int64_t *number, const char *text, const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno == ERANGE)
		return false;
	*number = value;
	*rest = end;
	return true;
}

int setting_duration(int64_t *ms, const char *text, struct ztp_error *error)
{
	const char *rest = NULL;
	int64_t number = 0;
	size_t i = 0;

	if (whole_number(&number, text, &rest))
		while (i < UNITS && strcmp(units[i].text, rest) != 0)
			i++;
	if (!rest || i == UNITS)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"\"%.40s\" is not a duration: write a whole "
				"number and ms, s, m, h or d, such as 10s",
				text);
	if (__builtin_mul_overflow(number, units[i].ms, ms))
		return ztp_fail(error, ZTP_ERR_VALUE, "\"%.40s\" is too long",
				text);
	return 0;
}

static void format_duration(char out[SETTING_TEXT_MAX], int64_t ms)
{
	size_t i = 0;

	while (i < UNITS - 1 && (ms == 0 || ms % units[i].ms != 0))
		i++;
	(void)snprintf(out, SETTING_TEXT_MAX, "%" PRId64 "%s", ms / units[i].ms,
		       units[i].text);
}

static int set_duration(const struct setting *setting, struct config *config,
			const char *text, struct ztp_error *error)
{
	char low[SETTING_TEXT_MAX], high[SETTING_TEXT_MAX];
	int64_t ms;
	int rc = setting_duration(&ms, text, error);

	if (rc < 0)
		return rc;
	if (ms < setting->min || ms > setting->max) {
		format_duration(low, setting->min);
		format_duration(high, setting->max);
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%.40s is not between %s and %s", text, low,
				high);
	}
	*(int64_t *)setting_at(setting, config) = ms;
	return 0;
}

int setting_size(int64_t *bytes, const char *text, struct ztp_error *error)
{
	const char *rest = NULL;
	int64_t number = 0;
	size_t i = 0;

	if (whole_number(&number, text, &rest))
		while (i < SIZES && strcmp(sizes[i].text, rest) != 0)
			i++;
	if (!rest || i == SIZES)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"\"%.40s\" is not a size: write a whole number "
				"of bytes, or one and KiB or MiB, such as "
				"64KiB",
				text);
	if (__builtin_mul_overflow(number, sizes[i].bytes, bytes))
		return ztp_fail(error, ZTP_ERR_VALUE, "\"%.40s\" is too large",
				text);
	return 0;
}

static void format_size(char out[SETTING_TEXT_MAX], int64_t bytes)
{
	size_t i = 0;

	while (i < SIZES - 1 && (bytes == 0 || bytes % sizes[i].bytes != 0))
		i++;
	(void)snprintf(out, SETTING_TEXT_MAX, "%" PRId64 "%s",
		       bytes / sizes[i].bytes, sizes[i].text);
}

static int set_size(const struct setting *setting, struct config *config,
		    const char *text, struct ztp_error *error)
{
	char low[SETTING_TEXT_MAX], high[SETTING_TEXT_MAX];
	int64_t bytes = 0;
	int rc = setting_size(&bytes, text, error);

	if (rc < 0)
		return rc;
	if (bytes < setting->min || bytes > setting->max) {
		format_size(low, setting->min);
		format_size(high, setting->max);
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%.40s is not between %s and %s", text, low,
				high);
	}
	*(int64_t *)setting_at(setting, config) = bytes;
	return 0;
}

static int set_int(const struct setting *setting, struct config *config,
		   const char *text, struct ztp_error *error)
{
	const char *rest;
	int64_t number;

	if (!whole_number(&number, text, &rest) || *rest != '\0' ||
	    number < setting->min || number > setting->max)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"\"%.40s\" is not a whole number from %" PRId64
				" to %" PRId64,
				text, setting->min, setting->max);
	*(int64_t *)setting_at(setting, config) = number;
	return 0;
}

static int set_bool(const struct setting *setting, struct config *config,
		    const char *text, struct ztp_error *error)
{
	bool yes = strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "false") != 0)
		return ztp_fail(error, ZTP_ERR_TYPE,
				"\"%.40s\" is neither true nor false", text);
	*(bool *)setting_at(setting, config) = yes;
	return 0;
}

static int set_choice(const struct setting *setting, struct config *config,
		      const char *text, struct ztp_error *error)
{
	const struct setting_choice *choice = setting->choices;
	char all[128] = "";

	for (; choice->text; choice++) {
		size_t n = strlen(all);

		if (strcmp(choice->text, text) == 0) {
			memcpy(setting_at(setting, config), &choice->value,
			       sizeof(choice->value));
			return 0;
		}
		(void)snprintf(all + n, sizeof(all) - n, "%s%s", n ? ", " : "",
			       choice->text);
	}
	return ztp_fail(error, ZTP_ERR_VALUE, "\"%.40s\" is not one of: %s",
			text, all);
}

int setting_check_text(const char *text, struct ztp_error *error)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t n = ztp_utf8_char(text, left);
		unsigned char c = (unsigned char)text[0];

		if (n == 0)
			return ztp_fail(error, ZTP_ERR_UTF8, "invalid UTF-8");
		if (c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)text[1] < 0xa0))
			return ztp_fail(error, ZTP_ERR_VALUE,
					"contains a control character");
		text += n;
		left -= n;
	}
	return 0;
}

static int check_length(const struct setting *setting, const char *text,
			struct ztp_error *error)
{
	size_t n = strlen(text);

	if (n == 0 && setting->min > 0)
		return ztp_fail(error, ZTP_ERR_EMPTY, "is empty");
	if (n > (size_t)setting->max)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"is longer than %" PRId64 " bytes",
				setting->max);
	return 0;
}

static int set_text(const struct setting *setting, struct config *config,
		    const char *text, struct ztp_error *error)
{
	bool secret = setting->type == SETTING_SECRET;
	char *copy;
	int rc = check_length(setting, text, error);

	if (rc == 0 && !secret)
		rc = setting_check_text(text, error);
	if (rc == 0 && setting->type == SETTING_FILE && *text)
		rc = ztp_file_check(text, ZTP_LIBRARY_FILE_MAX, error);
	if (rc < 0)
		return rc;
	copy = strdup(text);
	if (!copy)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	setting_wipe(*text_at(setting, config));
	*text_at(setting, config) = copy;
	return 0;
}

int setting_set(const struct setting *setting, struct config *config,
		const char *text, struct ztp_error *error)
{
	int rc = 0;

	switch (setting->type) {
	case SETTING_TEXT:
	case SETTING_SECRET:
	case SETTING_FILE:
		rc = set_text(setting, config, text, error);
		break;
	case SETTING_BOOL:
		rc = set_bool(setting, config, text, error);
		break;
	case SETTING_INT:
		rc = set_int(setting, config, text, error);
		break;
	case SETTING_DURATION:
		rc = set_duration(setting, config, text, error);
		break;
	case SETTING_SIZE:
		rc = set_size(setting, config, text, error);
		break;
	case SETTING_CHOICE:
		rc = set_choice(setting, config, text, error);
		break;
	case SETTING_LIST:
	case SETTING_MAP:
		return ztp_fail(error, ZTP_ERR_TYPE, "is not a single value");
	}
	if (rc == 0 && setting->check)
		rc = setting->check(config, text, error);
	return rc;
}

int setting_append(const struct setting *setting, struct config *config,
		   const char *text, struct ztp_error *error)
{
	struct config_list *list = setting_at(setting, config);
	char **items;
	int rc = check_length(setting, text, error);

	if (rc == 0)
		rc = setting_check_text(text, error);
	if (rc == 0 && setting->check)
		rc = setting->check(config, text, error);
	if (rc < 0)
		return rc;
	items = realloc(list->items, (list->count + 2) * sizeof(*items));
	if (!items)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	list->items = items;
	items[list->count] = strdup(text);
	if (!items[list->count])
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	items[++list->count] = NULL;
	return 0;
}

void property_clear(struct config_property *property)
{
	free(property->name);
	setting_wipe(property->value);
	free(property->file);
}

void properties_clear(struct config_properties *properties)
{
	for (size_t i = 0; i < properties->count; i++)
		property_clear(&properties->items[i]);
	free(properties->items);
	*properties = (struct config_properties){0};
}

void setting_clear(const struct setting *setting, struct config *config)
{
	struct config_list *list;

	switch (setting->type) {
	case SETTING_TEXT:
	case SETTING_SECRET:
	case SETTING_FILE:
		setting_wipe(*text_at(setting, config));
		*text_at(setting, config) = NULL;
		break;
	case SETTING_LIST:
		list = setting_at(setting, config);
		for (size_t i = 0; i < list->count; i++)
			free(list->items[i]);
		free(list->items);
		*list = (struct config_list){0};
		break;
	case SETTING_MAP:
		properties_clear(setting_at(setting, config));
		break;
	default:
		break;
	}
}

/* A default is shown as documented: 24h, not 1d. */
static const char *duration_text(const struct setting *setting,
				 const struct config *config,
				 char out[SETTING_TEXT_MAX])
{
	int64_t ms = *(int64_t *)setting_at(setting, config), usual = 0;

	if (setting_duration(&usual, setting->fallback, NULL) == 0 &&
	    usual == ms)
		return setting->fallback;
	format_duration(out, ms);
	return out;
}

const char *setting_format(const struct setting *setting,
			   const struct config *config,
			   char out[SETTING_TEXT_MAX])
{
	const struct setting_choice *choice = setting->choices;
	int value;

	switch (setting->type) {
	case SETTING_BOOL:
		return *(bool *)setting_at(setting, config) ? "true" : "false";
	case SETTING_INT:
		(void)snprintf(out, SETTING_TEXT_MAX, "%" PRId64,
			       *(int64_t *)setting_at(setting, config));
		return out;
	case SETTING_DURATION:
		return duration_text(setting, config, out);
	case SETTING_SIZE:
		format_size(out, *(int64_t *)setting_at(setting, config));
		return out;
	case SETTING_CHOICE:
		memcpy(&value, setting_at(setting, config), sizeof(value));
		while (choice->text && choice->value != value)
			choice++;
		return choice->text;
	case SETTING_TEXT:
	case SETTING_SECRET:
	case SETTING_FILE:
		return *text_at(setting, config);
	case SETTING_LIST:
	case SETTING_MAP:
		break;
	}
	return "";
}

static void format_number(const struct setting *setting,
			  char out[SETTING_TEXT_MAX], int64_t number)
{
	*out = '\0';
	if (setting->type == SETTING_INT)
		(void)snprintf(out, SETTING_TEXT_MAX, "%" PRId64, number);
	else if (setting->type == SETTING_DURATION)
		format_duration(out, number);
	else if (setting->type == SETTING_SIZE)
		format_size(out, number);
}

void setting_limits(const struct setting *setting, char least[SETTING_TEXT_MAX],
		    char most[SETTING_TEXT_MAX])
{
	format_number(setting, least, setting->min);
	format_number(setting, most, setting->max);
}

static bool lists_equal(const struct config_list *a,
			const struct config_list *b)
{
	bool equal = a->count == b->count;

	for (size_t i = 0; equal && i < a->count; i++)
		equal = strcmp(a->items[i], b->items[i]) == 0;
	return equal;
}

static bool maps_equal(const struct config_properties *a,
		       const struct config_properties *b)
{
	bool equal = a->count == b->count;

	for (size_t i = 0; equal && i < a->count; i++)
		equal = strcmp(a->items[i].name, b->items[i].name) == 0 &&
			strcmp(a->items[i].value, b->items[i].value) == 0;
	return equal;
}

bool setting_equal(const struct setting *setting, const struct config *a,
		   const struct config *b)
{
	char one[SETTING_TEXT_MAX], two[SETTING_TEXT_MAX];

	if (setting->type == SETTING_LIST)
		return lists_equal(setting_at(setting, a),
				   setting_at(setting, b));
	if (setting->type == SETTING_MAP)
		return maps_equal(setting_at(setting, a),
				  setting_at(setting, b));
	return strcmp(setting_format(setting, a, one),
		      setting_format(setting, b, two)) == 0;
}
