/* `ztpctl doctor`: reports a finding. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/ztpctl/doctor.h"

#include "tools/common/terminal.h"
#include "ztp/member.h"
#include "ztp/text.h"

static const char *const levels[] = {"ok", "warning", "error"};

void ztp_doctor_say(struct ztp_doctor *doctor, enum ztp_finding level,
		    const char *what, const char *format, ...)
{
	char text[512];
	va_list args;
	cJSON *finding;

	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) >= (int)sizeof(text))
		text[ztp_utf8_cut(text, sizeof(text) - 1)] = '\0';
	va_end(args);
	doctor->wrong = doctor->wrong || level != ZTP_FINDING_OK;
	if (!doctor->findings) {
		printf("%-7s  %-24s ", levels[level], what);
		(void)terminal_put(text, strlen(text));
		putchar('\n');
		return;
	}
	finding = cJSON_CreateObject();
	cJSON_AddStringToObject(finding, "level", levels[level]);
	cJSON_AddStringToObject(finding, "what", what);
	cJSON_AddStringToObject(finding, ZTP_M_MESSAGE, text);
	cJSON_AddItemToArray(doctor->findings, finding);
}
