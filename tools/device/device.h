/*
 * tools/device/device.h - what firmware has to do to be onboarded: show its
 * bootstrap certificate, prove that it has the key (proof.c), and wait on its
 * command topic (session.c).
 */
#ifndef ZTP_DEVICE_H
#define ZTP_DEVICE_H

#include "ztp/error.h"

#define PROGRAM "ztp-device"

enum verdict {
	VERDICT_APPROVED = 0,
	VERDICT_FAILED = 1,
	VERDICT_REJECTED = 3,
	VERDICT_NO_ANSWER = 4,
	VERDICT_REFUSED = 5,
};

struct device {
	const char *url;      /* as paho has it: ssl://... or tcp://... */
	const char *ca;	      /* file; NULL: the system's, or no TLS */
	const char *path;     /* client id */
	const char *audience; /* NULL: none */
	const char *out;      /* file; NULL: none */
	const char *username; /* certificate in one line, or "unused" */
	bool unused;
	int wait_s;
	void *key; /* EVP_PKEY */
};

/* The first certificate of a PEM file without its newlines, which Mosquitto
 * would not take in a username. The caller frees it; NULL: none there. */
char *proof_certificate(const char *pem);
/* A private key from a PEM file: an EVP_PKEY, or NULL. */
void *proof_key(const char *file);
/* A JWT for the password, valid for an hour; the caller frees it. */
char *proof_jwt(const struct device *device);

enum verdict session_run(const struct device *device);

#endif
