/*
 * What a producer knows of its topics, which decides what becomes of records
 * before any broker has seen them:
 *
 * - Once metadata says that a topic is not there, all that waits for it fails
 *   (rd_kafka_topic_set_notexists), and what is handed over is refused where
 *   it stands, until a look once a second finds it again.
 * - When a broker says that it may not be written to, the same
 *   (rd_kafka_topic_set_error), until the next look.
 * - A topic of which nothing is known yet takes records.
 */
#include "tests/sim/kafka_handle.h"
#include "tests/sim/sim.h"

#define LOOK_US SIM_S /* rd_kafka_topic_scan_all */

static sim_event learn;

static void look_in(struct handle *h, int topic, int64_t us)
{
	h->views[topic].asking = true;
	sim_at_of(h->of, us, learn, h, topic);
}

static void set(struct handle *h, int topic, rd_kafka_resp_err_t err)
{
	h->views[topic].err = err;
	/* What was sent is reported as it is answered. What waits has its
	 * partition, which is no more. */
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		err = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
	if (err)
		producer_fail(h, topic, err, 0);
}

static void learn(void *arg, int64_t topic)
{
	struct handle *h = arg;

	if (!handle_lives(h))
		return;
	h->views[topic].asking = false;
	if (!handle_reaches(h)) {
		look_in(h, (int)topic, LOOK_US);
		return;
	}
	set(h, (int)topic,
	    cluster.topics[topic].missing
		    ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
		    : RD_KAFKA_RESP_ERR_NO_ERROR);
	if (h->views[topic].err)
		look_in(h, (int)topic, LOOK_US);
}

void producer_ask(struct handle *h, int topic)
{
	if (!h->views[topic].asking)
		look_in(h, topic, 2 * kafka_latency());
}

void producer_deny(struct handle *h, int topic)
{
	set(h, topic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	if (!h->views[topic].asking)
		look_in(h, topic, LOOK_US);
}
