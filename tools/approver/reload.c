#include "tools/approver/reload.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "tools/approver/files.h"
#include "tools/common/cli.h"
#include "ztp/codec.h"

#define LOOK_MS	 1000
#define RETRY_MS 5000 /* of what could not be read: a file may come yet */

static void mix(uint64_t *hash, uint64_t value)
{
	*hash = ztp_fnv1a(*hash, &value, sizeof(value));
}

static void mix_file(uint64_t *hash, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		mix(hash, 0);
		return;
	}
	mix(hash, (uint64_t)st.st_dev);
	mix(hash, (uint64_t)st.st_ino);
	mix(hash, (uint64_t)st.st_size);
	mix(hash, (uint64_t)st.st_mtim.tv_sec);
	mix(hash, (uint64_t)st.st_mtim.tv_nsec);
	/* One copied over it may have its size, and a time of its own. */
	mix(hash, (uint64_t)st.st_ctim.tv_sec);
	mix(hash, (uint64_t)st.st_ctim.tv_nsec);
}

/* A number for the state of all files. */
static uint64_t state_of(const struct options *options)
{
	uint64_t hash = ZTP_FNV1A;

	mix_file(&hash, options->rules_file);
	for (size_t i = 0; i < options->rules.files.count; i++)
		mix_file(&hash, options->rules.files.items[i]);
	return hash;
}

void reload_init(struct reload *reload, const struct options *options)
{
	*reload = (struct reload){.look_at = ztp_clock_boot() + LOOK_MS};
	if (options->by == BY_RULES)
		reload->read = reload->seen = state_of(options);
}

/* A message is shown once, as long as it is the same. */
static void keep_old(struct reload *reload, const struct ztp_error *error)
{
	if (strcmp(reload->why, error->message) != 0)
		ztp_cli_warn(PROGRAM, "%s; the rules stay as they were",
			     error->message);
	snprintf(reload->why, sizeof(reload->why), "%s", error->message);
	reload->read = reload->seen;
	reload->retry_at = ztp_clock_boot() + RETRY_MS;
}

static void read_again(struct reload *reload, struct options *options)
{
	struct ztp_rules rules;
	struct ztp_error error;

	if (rules_read(&rules, options, &error) != 0) {
		keep_old(reload, &error);
		return;
	}
	if (state_of(options) != reload->seen) { /* changed meanwhile */
		ztp_rules_clear(&rules);
		return;
	}
	ztp_rules_clear(&options->rules);
	options->rules = rules;
	reload->read = reload->seen = state_of(options);
	reload->retry_at = 0;
	reload->why[0] = '\0';
	ztp_cli_warn(PROGRAM, "%s: read again", options->rules_file);
	rules_warn(options);
}

static bool is_due(const struct reload *reload)
{
	return reload->retry_at && ztp_clock_boot() >= reload->retry_at;
}

void reload_look(struct reload *reload, struct options *options)
{
	uint64_t state;
	bool settled;

	if (options->by != BY_RULES || ztp_clock_boot() < reload->look_at)
		return;
	reload->look_at = ztp_clock_boot() + LOOK_MS;
	state = state_of(options);
	settled = state == reload->seen;
	reload->seen = state;
	if (settled && (state != reload->read || is_due(reload)))
		read_again(reload, options);
}
