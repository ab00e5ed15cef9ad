/*
 * base/proxy.h - the proxies that the environment names.
 */
#ifndef ZTP_BASE_PROXY_H
#define ZTP_BASE_PROXY_H

/* paho takes http_proxy and https_proxy for the way to a broker, also where it
 * speaks plain MQTT or MQTT over TLS, and knows nothing of no_proxy: with them the
 * broker beside the program would not be reached. They are for the web. Call it in
 * main, before there are threads. */
void ztp_proxy_forget(void);

#endif
