#include "bridge/http/http_still.h"

#include <stdlib.h>
#include <string.h>

#include "base/http_paths.h"
#include "bridge/http/http_group.h"
#include "bridge/http/http_plain.h"

#define STILL_MS 1000

static const struct {
	const char *path;
	struct http_page (*page)(struct bridge *b);
} kept[HTTP_STILL_COUNT] = {
	{ZTP_HTTP_READY, http_ready},
	{HTTP_METRICS, http_metrics},
	{ZTP_HTTP_GROUP, http_group},
};

void http_still_drop(struct http_still *still)
{
	for (int i = 0; i < HTTP_STILL_COUNT; i++)
		free(still->pages[i].text);
	memset(still, 0, sizeof(*still));
}

void http_still_take(struct http_still *still, struct bridge *b, int64_t now)
{
	if (still->taken_at != 0 && now - still->taken_at < STILL_MS)
		return;
	http_still_drop(still);
	for (int i = 0; i < HTTP_STILL_COUNT; i++)
		still->pages[i] = kept[i].page(b);
	still->taken_at = now;
}

bool http_still_page(const struct http_still *still, const char *path,
		     struct http_page *page)
{
	for (int i = 0; i < HTTP_STILL_COUNT; i++) {
		if (strcmp(path, kept[i].path) != 0)
			continue;
		*page = still->pages[i];
		if (page->text)
			page->text = strdup(page->text);
		return true;
	}
	return false;
}
