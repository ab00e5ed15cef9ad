#include "gate/asked.h"

#include <stdlib.h>

#include "gate/outbox.h"

static size_t size_of(const struct ztp_asked *asked)
{
	return sizeof(*asked) + asked->len;
}

void ztp_asked_add(struct ztp_commands *commands, struct ztp_asked *asked)
{
	if (commands->last)
		commands->last->next = asked;
	else
		commands->first = asked;
	commands->last = asked;
	commands->bytes += size_of(asked);
}

struct ztp_asked *ztp_asked_take(struct ztp_commands *commands)
{
	struct ztp_asked *asked = commands->first;

	commands->first = asked->next;
	if (!commands->first)
		commands->last = NULL;
	commands->bytes -= size_of(asked);
	return asked;
}

void ztp_asked_free(struct ztp_asked *asked)
{
	cJSON_Delete(asked->tree);
	cJSON_Delete(asked->answer);
	free(asked->groups);
	free(asked);
}

void ztp_asked_lost(struct ztp_commands *commands, uint64_t kept)
{
	const struct ztp_asked *asked = commands->first;
	cJSON *response;

	if (!asked || !asked->responses)
		return;
	response = asked->responses->child;
	for (size_t i = 0; i < asked->count; i++, response = response->next)
		if (!asked->groups || asked->groups[i] > kept)
			ztp_outbox_spoil_one(response);
}

void ztp_asked_clear(struct ztp_commands *commands)
{
	while (commands->first)
		ztp_asked_free(ztp_asked_take(commands));
}
