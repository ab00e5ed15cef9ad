/* Prints the gate's answers on stdout. */
#include <stdio.h>

#include "tools/common/cli.h"
#include "tools/ztpctl/ztpctl.h"

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

void ztp_ctl_print_line(const cJSON *object, const char *const *names)
{
	char scratch[32];

	for (size_t i = 0; names[i]; i++)
		printf("%s%s", i ? "  " : "",
		       member_text(object, names[i], scratch));
	putchar('\n');
}

void ztp_ctl_print_members(const cJSON *object, const char *const *names,
			   int width)
{
	char scratch[32];

	for (size_t i = 0; names[i]; i++)
		printf("%-*s %s\n", width, names[i],
		       member_text(object, names[i], scratch));
}

int ztp_ctl_print_list(const struct ztp_ctl *ctl, const cJSON *list,
		       const char *const *names)
{
	const cJSON *item;

	if (!list)
		return ZTP_EXIT_FAILED;
	if (ctl->json)
		ztp_ctl_print_json(list);
	else
		for (item = list->child; item; item = item->next)
			ztp_ctl_print_line(item, names);
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
