/* What both ways have in common: from start to end. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/move/move_internal.h"

/* What librdkafka says is in the error, so only that is printed. */
int move_begin(struct move *m, const struct config *config, FILE *out,
	       struct ztp_error *error)
{
	*m = (struct move){.out = out, .first_at = -1};
	log_init(&m->log, STDERR_FILENO, LOG_LEVEL_ERROR, config->log.format);
	m->core.config = config;
	m->core.log = &m->log;
	m->began = ztp_clock_boot();
	ztp_clock_anchor(&m->core.clock, 0);
	m->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return m->wake_fd >= 0 ? 0
			       : ztp_fail(error, ZTP_ERR_IO, "eventfd: %s",
					  strerror(errno));
}

int move_end(struct move *m, int rc, const struct ztp_error *error, FILE *err)
{
	turn_free(m->turn);
	store_close(m->store);
	if (m->wake_fd >= 0)
		close(m->wake_fd);
	log_end(&m->log);
	if (rc == 0)
		return 0;
	(void)fprintf(err, "ztp-bridge: %s\n", error->message);
	return 1;
}

double move_seconds(const struct move *m)
{
	return (double)(ztp_clock_boot() - m->began) / 1000;
}

/* Durable in each step, also against a power loss: Kafka is. */
int move_open_store(struct move *m, struct ztp_error *error)
{
	const struct config *config = m->core.config;
	int rc = store_open(&m->store, config->store.path, true, error);

	if (rc == 0)
		rc = store_replicate(m->store, config->kafka.topics.decisions,
				     error);
	if (rc == 0)
		rc = store_get(m->store, "member", m->member, sizeof(m->member),
			       error);
	return rc < 0 ? rc : 0;
}
