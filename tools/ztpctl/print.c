/* Prints the gate's answers on stdout. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/common/terminal.h"
#include "tools/ztpctl/ztpctl.h"

#define COLUMNS_MAX 16 /* that a list has */

void ztp_ctl_print_json(const cJSON *tree)
{
	char *text = cJSON_PrintUnformatted(tree);

	if (text)
		puts(text);
	cJSON_free(text);
}

/* A string, number or boolean as text; "-" if the member is absent. */
static const char *member_text(const cJSON *object, const char *name,
			       char scratch[32])
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (cJSON_IsString(item))
		return item->valuestring;
	if (cJSON_IsBool(item))
		return cJSON_IsTrue(item) ? "yes" : "no";
	if (!cJSON_IsNumber(item))
		return "-";
	snprintf(scratch, 32, "%.0f", item->valuedouble);
	return scratch;
}

/* Others' words: whoever may write to a topic can put any text there. */
static int put(const char *text)
{
	return (int)terminal_put(text, strlen(text));
}

void ztp_ctl_print_line(const cJSON *object, const char *const *names)
{
	char scratch[32];

	for (size_t i = 0; names[i]; i++) {
		fputs(i ? "  " : "", stdout);
		(void)put(member_text(object, names[i], scratch));
	}
	putchar('\n');
}

void ztp_ctl_print_members(const cJSON *object, const char *const *names,
			   int width)
{
	char scratch[32];

	for (size_t i = 0; names[i]; i++) {
		printf("%-*s ", width, names[i]);
		(void)put(member_text(object, names[i], scratch));
		putchar('\n');
	}
}

/* --- lists */

static int width_of(const cJSON *list, const char *name)
{
	size_t width = strlen(name);
	const cJSON *item;
	char scratch[32];

	cJSON_ArrayForEach (item, list) {
		size_t n = strlen(member_text(item, name, scratch));

		width = n > width ? n : width;
	}
	return (int)width;
}

/* The last column is not padded. */
static void print_cell(const char *text, const int *width, bool last)
{
	int n = put(text);

	if (last)
		putchar('\n');
	else
		printf("%*s", *width > n ? *width - n + 2 : 2, "");
}

static void print_header(const char *const *names, const int *widths)
{
	for (size_t i = 0; names[i]; i++) {
		char name[64];
		size_t n = 0;

		for (; names[i][n] && n + 1 < sizeof(name); n++)
			name[n] = (char)toupper((unsigned char)names[i][n]);
		name[n] = '\0';
		print_cell(name, &widths[i], !names[i + 1]);
	}
}

/* For somebody who looks at it. */
static void print_columns(const cJSON *list, const char *const *names)
{
	int widths[COLUMNS_MAX] = {0};
	const cJSON *item;
	char scratch[32];

	if (!list->child) {
		puts("(none)");
		return;
	}
	for (size_t i = 0; names[i]; i++)
		widths[i] = width_of(list, names[i]);
	print_header(names, widths);
	cJSON_ArrayForEach (item, list)
		for (size_t i = 0; names[i]; i++)
			print_cell(member_text(item, names[i], scratch),
				   &widths[i], !names[i + 1]);
}

void ztp_ctl_print_table(const cJSON *list, const char *const *names)
{
	const cJSON *item;

	if (isatty(STDOUT_FILENO)) {
		print_columns(list, names);
		return;
	}
	cJSON_ArrayForEach (item, list)
		ztp_ctl_print_line(item, names);
}

int ztp_ctl_print_list(const struct ztp_ctl *ctl, const cJSON *list,
		       const char *const *names)
{
	if (!list)
		return ZTP_EXIT_FAILED;
	if (ctl->json)
		ztp_ctl_print_json(list);
	else
		ztp_ctl_print_table(list, names);
	return ZTP_EXIT_OK;
}

int ztp_ctl_change(struct ztp_ctl *ctl, const char *command, cJSON *in,
		   const char *what)
{
	cJSON *data = NULL;

	if (!ztp_ctl_ask(ctl, command, in, &data))
		return ZTP_EXIT_FAILED;
	if (ctl->json)
		ztp_ctl_print_json(data);
	else
		printf("%s %s\n", what, ctl->arguments[0]);
	cJSON_Delete(data);
	return ZTP_EXIT_OK;
}
