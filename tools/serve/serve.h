/*
 * tools/serve/serve.h - the customer's door for those who speak HTTP: requests
 * are listed, decisions are taken and written to Kafka, and answered with their
 * results. It has no state but Kafka's.
 */
#ifndef ZTP_SERVE_SERVE_H
#define ZTP_SERVE_SERVE_H

#include "tools/common/kafka.h"

#define SERVE_LISTEN "127.0.0.1:8480"

struct serve_settings {
	const char *brokers, *group;
	const struct ztp_kafka_props *props;
	const char *requests, *decisions, *results; /* topics */
	bool decisions_given;	 /* else each request may name its own */
	const char *listen;	 /* HOST:PORT */
	const char *tokens_file; /* NULL: nobody needs a token */
	const char *tls_cert, *tls_key, *client_ca; /* files; NULL: none */
	bool behind_proxy;
	const char *page, *page_policy; /* of / */
};

/* Serves until SIGINT or SIGTERM, which are blocked. Returns the exit code;
 * what is wrong has been reported. */
int serve_run(const struct serve_settings *settings);

#endif
