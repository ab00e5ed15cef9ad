/* Shows the table to people: --print-config and the manual page. Also finds
 * what a reload would have to change. */
#include "bridge/config/config.h"
#include "bridge/config/settings.h"
#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define MASK "***"

/* Words that some YAML parsers do not take as text. */
static bool is_word(const char *text)
{
	static const char *const words[] = {
		"true", "false", "null", "yes", "no", "on", "off", "y", "n"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool is_plain(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || is_word(text) || text[n - 1] == ':' ||
	    (!isalpha((unsigned char)text[0]) && text[0] != '/'))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    !strchr("_./:-", text[i]))
			return false;
	return true;
}

/* "${" would be expanded when the text is read again, so it is escaped. */
static void print_text(FILE *out, const char *text)
{
	if (is_plain(text)) {
		(void)fputs(text, out);
		return;
	}
	(void)fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', out);
		if (text[0] == '$' && text[1] == '{')
			(void)fputc('$', out);
		if ((unsigned char)*text < 0x20)
			(void)fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static void print_list(FILE *out, const struct config_list *list, bool one,
		       int indent)
{
	if (one && list->count == 1) {
		(void)fputc(' ', out);
		print_text(out, list->items[0]);
	}
	if (list->count == 0)
		(void)fputs(" []", out);
	(void)fputc('\n', out);
	for (size_t i = one && list->count == 1; i < list->count; i++) {
		(void)fprintf(out, "%*s- ", indent + 2, "");
		print_text(out, list->items[i]);
		(void)fputc('\n', out);
	}
}

static void print_map(FILE *out, const struct config_properties *map,
		      int indent)
{
	if (map->count == 0)
		(void)fputs(" {}", out);
	(void)fputc('\n', out);
	for (size_t i = 0; i < map->count; i++) {
		const struct config_property *item = &map->items[i];
		const char *value = item->secret ? MASK : item->value;

		(void)fprintf(out, "%*s%s%s: ", indent + 2, "", item->name,
			      item->file[0] ? SETTING_OF_FILE : "");
		print_text(out, item->file[0] ? item->file : value);
		(void)fputc('\n', out);
	}
}

/* Did the secret come from a file? Then only the file's row shows it. */
static bool from_file(const struct setting *secret, const struct config *config)
{
	size_t count;
	const struct setting *table = settings_table(&count);

	for (size_t i = 0; i < count; i++)
		if (table[i].file_of == secret->offset)
			return (*(char **)setting_at(&table[i], config))[0];
	return false;
}

static void print_value(FILE *out, const struct setting *setting,
			const struct config *config, int indent)
{
	char number[SETTING_TEXT_MAX];
	const char *text = setting_format(setting, config, number);

	switch (setting->type) {
	case SETTING_LIST:
		print_list(out, setting_at(setting, config),
			   settings_one_or_many(setting), indent);
		return;
	case SETTING_MAP:
		print_map(out, setting_at(setting, config), indent);
		return;
	case SETTING_SECRET:
		if (text[0])
			text = from_file(setting, config) ? "" : MASK;
		/* fall through */
	case SETTING_TEXT:
	case SETTING_FILE:
		(void)fputc(' ', out);
		print_text(out, text);
		(void)fputc('\n', out);
		return;
	default:
		(void)fprintf(out, " %s\n", text);
	}
}

/* Prints the headings of those sections of name that the previous row was not
 * in. Returns the key's indentation; *name moves to the key itself. */
static int print_sections(FILE *out, const char *previous, const char **name)
{
	const char *start = *name, *dot;
	int indent = 0;

	while ((dot = strchr(*name, '.')) != NULL) {
		size_t n = (size_t)(dot + 1 - start);

		if (strncmp(previous, start, n) != 0)
			(void)fprintf(out, "%*s%.*s:\n", indent, "",
				      (int)(dot - *name), *name);
		*name = dot + 1;
		indent += 2;
	}
	return indent;
}

int config_print(const struct config *config, FILE *out)
{
	size_t count;
	const struct setting *table = settings_table(&count);
	const char *previous = "";

	for (size_t i = 0; i < count; i++) {
		const char *key = table[i].name;
		int indent = print_sections(out, previous, &key);

		(void)fprintf(out, "%*s%s:", indent, "", key);
		print_value(out, &table[i], config, indent);
		previous = table[i].name;
	}
	return fflush(out) == 0 && !ferror(out) ? 0 : ZTP_ERR_IO;
}

/* mqtt.tls is for the broker of mqtt.url: the one that this bridge goes on with
 * would refuse another one's certificate. */
static bool takes_tls(const struct config *running, const struct config *loaded)
{
	return strcmp(running->mqtt.url, loaded->mqtt.url) == 0;
}

static bool is_taken(const struct setting *setting,
		     const struct config *running, const struct config *loaded)
{
	const size_t begin = offsetof(struct config, mqtt.tls);

	if (setting->offset >= begin &&
	    setting->offset < begin + sizeof(running->mqtt.tls))
		return takes_tls(running, loaded);
	return setting->reloadable;
}

bool config_needs_restart(char *names, size_t size,
			  const struct config *running,
			  const struct config *loaded)
{
	static const char more[] = ",...";
	size_t count, len = 0;
	const struct setting *table = settings_table(&count);

	names[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const char *name = table[i].name;

		if (is_taken(&table[i], running, loaded) ||
		    setting_equal(&table[i], running, loaded))
			continue;
		if (len + 1 + strlen(name) + sizeof(more) > size) {
			(void)snprintf(names + len, size - len, "%s",
				       len ? more : more + 1);
			return true;
		}
		len += (size_t)snprintf(names + len, size - len, "%s%s",
					len ? "," : "", name);
	}
	return len > 0;
}

/* --- the manual page */

static const char *type_text(enum setting_type type)
{
	switch (type) {
	case SETTING_TEXT:
		return "text";
	case SETTING_SECRET:
		return "secret";
	case SETTING_FILE:
		return "file";
	case SETTING_BOOL:
		return "true or false";
	case SETTING_INT:
		return "number";
	case SETTING_DURATION:
		return "duration";
	case SETTING_SIZE:
		return "size";
	case SETTING_CHOICE:
		return "choice";
	case SETTING_LIST:
		return "list";
	case SETTING_MAP:
		return "mapping";
	}
	return "";
}

static void join_choices(char *out, size_t size,
			 const struct setting_choice *choice)
{
	size_t n = 0;

	out[0] = '\0';
	for (; choice && choice->text && n < size; choice++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "|" : "",
				      choice->text);
}

int config_describe(int (*walk)(void *arg, const struct config_description *),
		    void *arg)
{
	size_t count;
	const struct setting *table = settings_table(&count);
	char choices[128], least[SETTING_TEXT_MAX], most[SETTING_TEXT_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		join_choices(choices, sizeof(choices), table[i].choices);
		setting_limits(&table[i], least, most);
		rc = walk(arg, &(struct config_description){
				       .name = table[i].name,
				       .type = type_text(table[i].type),
				       .fallback = table[i].fallback,
				       .choices = choices,
				       .least = least,
				       .most = most,
				       .about = table[i].about,
				       .reloadable = table[i].reloadable});
	}
	return rc;
}

void config_take_reloadable(struct config *running, struct config *loaded)
{
	struct config_mqtt_tls tls = running->mqtt.tls;
	enum log_level level = running->log.level;

	if (takes_tls(running, loaded)) {
		running->mqtt.tls = loaded->mqtt.tls;
		loaded->mqtt.tls = tls;
	}
	running->log.level = loaded->log.level;
	loaded->log.level = level;
}
