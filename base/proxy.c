#include "base/proxy.h"

#include <stdlib.h>

void ztp_proxy_forget(void)
{
	(void)unsetenv("http_proxy");
	(void)unsetenv("https_proxy");
}
