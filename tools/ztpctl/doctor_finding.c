/* `ztpctl doctor`: reports a finding. */
#include <stdarg.h>
#include <stdio.h>

#include "tools/ztpctl/doctor.h"

#include "ztp/member.h"

static const char *const levels[] = {"ok", "warning", "error"};

void ztp_doctor_say(struct ztp_doctor *doctor, enum ztp_finding level,
		    const char *what, const char *format, ...)
{
	char text[512];
	va_list args;
	cJSON *finding;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	doctor->wrong = doctor->wrong || level != ZTP_FINDING_OK;
	if (!doctor->findings) {
		printf("%-7s  %-24s %s\n", levels[level], what, text);
		return;
	}
	finding = cJSON_CreateObject();
	cJSON_AddStringToObject(finding, "level", levels[level]);
	cJSON_AddStringToObject(finding, "what", what);
	cJSON_AddStringToObject(finding, ZTP_M_MESSAGE, text);
	cJSON_AddItemToArray(doctor->findings, finding);
}
