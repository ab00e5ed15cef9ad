#include "bridge/mqtt/granted.h"

#include <stdio.h>

#define REFUSED 0x80 /* the least reason code that is no success */

static const struct {
	const char *event, *hint;
} kinds[] = {
	[GRANTED_QOS] = {"mqtt_qos_cut", "commands are sent with QoS 1"},
	[GRANTED_SESSION_EXPIRY] = {"mqtt_session_expiry_cut",
				    "events are lost if the bridge is away for "
				    "longer"},
	[GRANTED_KEEPALIVE] = {"mqtt_keepalive_cut", "the bridge takes over "
						     "the broker's"},
	[GRANTED_RECEIVE_MAXIMUM] = {"mqtt_receive_maximum_cut",
				     "so many commands are in flight at most"},
	[GRANTED_PACKET_SIZE] = {"mqtt_packet_size_cut",
				 "larger commands cannot be delivered"},
};

void granted_init(struct granted *g, const char *connection)
{
	*g = (struct granted){.connection = connection};
	for (int i = 0; i < GRANTED_KINDS; i++)
		g->said[i] = -1;
}

static void report(struct granted *g, const struct core *core,
		   enum granted_kind kind, int64_t asked, int64_t given)
{
	if (given == g->said[kind])
		return;
	g->said[kind] = given;
	/* Every Mosquitto has a Receive Maximum of 20, and that is enough. */
	if (kind == GRANTED_RECEIVE_MAXIMUM)
		log_info(core->log, kinds[kind].event,
			 LOG_STR("connection", g->connection),
			 LOG_INT("asked", asked), LOG_INT("granted", given),
			 LOG_STR("hint", kinds[kind].hint));
	else
		log_warn(core->log, kinds[kind].event,
			 LOG_STR("connection", g->connection),
			 LOG_INT("asked", asked), LOG_INT("granted", given),
			 LOG_STR("hint", kinds[kind].hint));
}

/* Without a session events are lost in every pause, unless a gate offers them
 * again until they are acknowledged. */
static void find_problem(struct granted *g, const struct core *core,
			 const struct connack *asked,
			 const struct connack *given)
{
	bool alone = core->config->mqtt.registrar == CONFIG_REGISTRAR_NONE;

	g->problem[0] = '\0';
	if (asked->maximum_qos > 0 && given->maximum_qos == 0)
		snprintf(g->problem, sizeof(g->problem),
			 "the broker grants QoS 0 only");
	else if (asked->session_expiry > 0 && given->session_expiry == 0 &&
		 alone)
		snprintf(g->problem, sizeof(g->problem),
			 "the broker keeps no session");
	else if (asked->packet_size > 0 && given->packet_size >= 0 &&
		 given->packet_size < CONFIG_COMMAND_LEAST)
		snprintf(g->problem, sizeof(g->problem),
			 "the broker takes packets of %lld bytes at most",
			 (long long)given->packet_size);
}

void granted_connack(struct granted *g, const struct core *core,
		     const struct connack *asked, const struct connack *given)
{
	const int64_t pairs[GRANTED_KINDS][2] = {
		[GRANTED_QOS] = {asked->maximum_qos, given->maximum_qos},
		[GRANTED_SESSION_EXPIRY] = {asked->session_expiry,
					    given->session_expiry},
		[GRANTED_KEEPALIVE] = {asked->keepalive, given->keepalive},
		[GRANTED_RECEIVE_MAXIMUM] = {asked->receive_maximum,
					     given->receive_maximum},
		[GRANTED_PACKET_SIZE] = {asked->packet_size,
					 given->packet_size},
	};

	for (int i = 0; i < GRANTED_KINDS; i++)
		if (pairs[i][1] >= 0 && pairs[i][1] < pairs[i][0])
			report(g, core, (enum granted_kind)i, pairs[i][0],
			       pairs[i][1]);
	find_problem(g, core, asked, given);
}

static void report_refused(const struct granted *g, const struct core *core,
			   const struct granted_filter *f, int code)
{
	if (f->need == NEED_NOTHING)
		log_warn(core->log, "mqtt_subscription_refused",
			 LOG_STR("connection", g->connection),
			 LOG_STR("topic", f->filter),
			 LOG_INT("reason_code", code));
	else
		log_error(core->log, "mqtt_subscription_refused",
			  LOG_STR("connection", g->connection),
			  LOG_STR("topic", f->filter),
			  LOG_INT("reason_code", code));
}

bool granted_suback(const struct granted *g, const struct core *core,
		    struct granted_filter *f, int code)
{
	bool news = code != f->said;

	f->said = code;
	f->problem[0] = '\0';
	if (code >= REFUSED) {
		if (news)
			report_refused(g, core, f, code);
		if (f->need != NEED_NOTHING)
			snprintf(f->problem, sizeof(f->problem),
				 "the broker refuses the subscription to %.50s",
				 f->filter);
		return false;
	}
	if (code < f->qos && news)
		log_warn(core->log, "mqtt_subscription_qos_cut",
			 LOG_STR("connection", g->connection),
			 LOG_STR("topic", f->filter), LOG_INT("asked", f->qos),
			 LOG_INT("granted", code));
	if (code < f->qos && f->need == NEED_QOS_1)
		snprintf(f->problem, sizeof(f->problem),
			 "the broker grants QoS 0 only on %.50s", f->filter);
	return true;
}

const char *granted_problem(const struct granted *g,
			    const struct granted_filter *filters, size_t n)
{
	size_t i;

	if (*g->problem)
		return g->problem;
	for (i = 0; i < n; i++)
		if (*filters[i].problem)
			return filters[i].problem;
	return NULL;
}
