/* The gate's entries: only in there do calls fail. */
#include "tests/torture/gate_life.h"

struct life life;

static void enter(void)
{
	fail.outside = 0;
}

void life_leave(void)
{
	fail.outside = 1;
}

bool life_load(void)
{
	int rc;

	gate_broker.log[0] = '\0';
	enter();
	rc = gate_load(life.f);
	life_leave();
	if (rc == 0)
		return true;
	/* Without memory for itself; the broker says that then. */
	if (!*gate_broker.log && rc != MOSQ_ERR_NOMEM)
		campaign_find(life.run, "it did not start and said nothing");
	return false;
}

void life_unload(void)
{
	enter();
	gate_unload(life.f);
	life_leave();
}

int life_come(struct mosquitto *client)
{
	int rc;

	enter();
	rc = gate_connect(client);
	life_leave();
	return rc;
}

void life_tick(void)
{
	enter();
	gate_tick();
	life_leave();
}

void life_reload(void)
{
	enter();
	gate_reload();
	life_leave();
}

void life_go(struct mosquitto *client)
{
	enter();
	gate_disconnect(client);
	life_leave();
}

bool life_may(struct mosquitto *client, int access, const char *topic)
{
	int rc;

	enter();
	rc = gate_acl(client, access, topic, false);
	life_leave();
	return rc == MOSQ_ERR_SUCCESS;
}

void life_control(const char *json)
{
	enter();
	gate_control(life.f->op, json);
	life_leave();
}
