/*
 * tests/torture/gate_life.h - what a life of the gate consists of. Calls fail
 * only inside of the gate's entries (gate_entries.c), which the others use.
 */
#ifndef TESTS_TORTURE_GATE_LIFE_H
#define TESTS_TORTURE_GATE_LIFE_H

#include "tests/torture/campaign.h"
#include "tests/unit/gate_fixture.h"

#define LIFE_AGAIN_MS 1000 /* until a database that failed is opened again */
#define LIFE_TRIES    100  /* more than there are failures in a burst */
#define LIFE_PENDING  "ztp/v1/pending"

/* One life at a time, in a process of its own. */
extern struct life {
	struct gate_fixture *f;
	struct campaign_run *run;
	bool sweeps; /* a registry with many candidates is deleted */
} life;

/* --- gate_entries.c: the broker calls the gate */
void life_leave(void); /* nothing fails from now on */
bool life_load(void);
void life_unload(void);
int life_come(struct mosquitto *client);
void life_go(struct mosquitto *client);
bool life_may(struct mosquitto *client, int access, const char *topic);
void life_tick(void);
void life_reload(void);
void life_control(const char *json);

/* --- gate_orders.c: the operator's commands */
/* Until it answers with one of these. */
void life_insist(const char *members, const char *code, const char *or_code);
void life_order(const char *name, const char *members);
/* What lists and looks: any answer is good, as long as it is one. */
void life_look(void);
void life_add_ca(const char *registry);
void life_create(const char *path, int who, const char *id);
void life_import(const char *path, int who);

/* --- gate_sweep.c */
void life_delete_many(void);
void life_check_deleted(void);

/* --- gate_devices.c: who comes */
/* Nobody gets in who must not, at no moment. */
void life_shut_out(struct mosquitto *client, const char *who);
void life_impostors(void);
/* Connects until it is in. */
struct mosquitto *life_join(struct mosquitto *(*make)(struct gate_fixture *,
						      const char *, int),
			    const char *path, int who);
void life_part(struct mosquitto *client);
void life_topic(char topic[256], const char *path);
/* Comes, subscribes and waits until `topic` has told something of it. */
struct mosquitto *life_wait_for(const char *path, int who, const char *topic,
				const char *needle, bool held);
/* Each offer of a candidate is whole. */
void life_check_offers(void);
/* The id under which a path is offered. */
void life_offered_id(char id[64], const char *path);
void life_may_it_all(struct mosquitto *device, const char *path);

#endif
