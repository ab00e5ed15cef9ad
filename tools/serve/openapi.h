/* tools/serve/openapi.h - docs/openapi.json, in the binary. Any thread. */
#ifndef ZTP_SERVE_OPENAPI_H
#define ZTP_SERVE_OPENAPI_H

#include <stddef.h>

const char *openapi_text(void);
size_t openapi_length(void);

#endif
