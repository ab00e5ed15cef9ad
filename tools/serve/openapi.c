#include "tools/serve/openapi.h"

#include <string.h>

/* clang-format off */
__asm__(".section .rodata\n"
	".globl ztp_openapi\n"
	"ztp_openapi:\n"
	".incbin \"docs/openapi.json\"\n"
	".byte 0\n"
	".previous\n");
/* clang-format on */

#define HIDDEN __attribute__((visibility("hidden")))

extern const char ztp_openapi[] HIDDEN; /* terminated */

const char *openapi_text(void)
{
	return ztp_openapi;
}

size_t openapi_length(void)
{
	return strlen(ztp_openapi);
}
