/*
 * gen-config-manual TEMPLATE: prints the template with its line @SETTINGS@
 * replaced by every setting of ztp-bridge.yaml, from the table that the
 * program itself reads (bridge/config/settings.c), so that the manual cannot differ
 * from what is true. `make manual` writes docs/man/ztp-bridge.yaml.5 with it.
 */
#include "bridge/config/config.h"

#include <stdio.h>
#include <string.h>

#define LINE_ROOM 4096
#define MARK	  "@SETTINGS@\n"

/* Text for mdoc: a backslash is an escape, and a dot or an apostrophe at the
 * start of a line a macro. */
static void put_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++)
		fputs(*text == '\\' ? "\\e" : (char[]){*text, '\0'}, stdout);
}

/* As one argument of a macro. */
static void put_argument(const char *text)
{
	putchar('"');
	for (; *text; text++)
		fputs(*text == '"'    ? "\"\""
		      : *text == '\\' ? "\\e"
				      : (char[]){*text, '\0'},
		      stdout);
	putchar('"');
}

static void put_choices(const char *choices)
{
	fputs(".Cm", stdout);
	for (; *choices; choices++) {
		if (*choices == '|')
			continue;
		putchar(' ');
		for (; *choices && *choices != '|'; choices++)
			putchar(*choices);
		if (!*choices)
			break;
		fputs(" |", stdout);
	}
	putchar('\n');
}

static int put_setting(void *arg, const struct config_description *d)
{
	(void)arg;
	printf(".It Cm %s", d->name);
	if (!*d->choices) {
		fputs(" Pq Ar ", stdout);
		put_argument(d->type);
	}
	putchar('\n');
	put_text(d->about);
	fputs(".\n", stdout);
	if (*d->choices)
		put_choices(d->choices);
	if (*d->least)
		printf(".br\nFrom\n.Li %s\nto\n.Li %s .\n", d->least, d->most);
	fputs(".br\nDefault:", stdout);
	if (*d->fallback) {
		fputs("\n.Li ", stdout);
		put_argument(d->fallback);
		putchar('\n');
	} else {
		puts(" none.");
	}
	if (d->reloadable)
		puts(".br\nA SIGHUP reads it again.");
	return 0;
}

int main(int argc, char **argv)
{
	char line[LINE_ROOM];
	FILE *in;
	int rc = 0;

	if (argc != 2) {
		fputs("usage: gen-config-manual TEMPLATE\n", stderr);
		return 2;
	}
	in = fopen(argv[1], "r");
	if (!in) {
		perror(argv[1]);
		return 1;
	}
	puts(".\\\" Made by `make manual`; edit scripts/ztp-bridge.yaml.5.in.");
	while (rc == 0 && fgets(line, sizeof(line), in)) {
		if (strcmp(line, MARK) == 0)
			rc = config_describe(put_setting, NULL);
		else
			fputs(line, stdout);
	}
	if (ferror(in) || fflush(stdout) != 0)
		rc = 1;
	fclose(in);
	return rc;
}
