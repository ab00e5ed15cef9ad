/*
 * tools/ztpctl/ztpctl.h - the state of an invocation, and its subcommands.
 */
#ifndef ZTP_ZTPCTL_ZTPCTL_H
#define ZTP_ZTPCTL_ZTPCTL_H

#include "tools/common/kafka.h"
#include "tools/ztpctl/client.h"

#define ZTP_CTL_CAS_MAX 16

struct ztp_ctl {
	/* The broker, and where Kafka is. What is NULL was not given on the
	 * command line, and may be in the environment or in the file. */
	struct ztp_client_options broker;
	const char *password_file, *context;
	const char *brokers, *topic; /* for audit list */
	struct ztp_kafka_props props;

	bool json, yes;
	const char *onboarding, *audience;     /* NULL: not given */
	const char *ca_files[ZTP_CTL_CAS_MAX]; /* of a registry */
	char *pems[ZTP_CTL_CAS_MAX];	       /* what they hold */
	int ca_count;
	const char *broker_config; /* for doctor; NULL: not given */
	const char *bridge;	   /* for doctor: URL of its admin server */
	const char *state, *ca, *device, *code; /* what lists select by */
	/* ms since 1970; 0: not given. Only what is older, or what is not. */
	int64_t before, since;
	int64_t count;	     /* for audit: how many records; 0: not given */
	int64_t retry_after; /* s, for pending reject; negative: the default */
	/* S/R, PATH, ID, FILE or FINGERPRINT; or NULL */
	const char *arguments[2];
	struct ztp_client *client;
};

/* A subcommand returns an exit status (0 done, 1 refused or not found). It
 * prints the answer on stdout and errors on stderr. */
typedef int ztp_ctl_fn(struct ztp_ctl *ctl);

ztp_ctl_fn ztp_ctl_registry_create, ztp_ctl_registry_list,
	ztp_ctl_registry_show, ztp_ctl_registry_modify, ztp_ctl_registry_delete,
	ztp_ctl_registry_export, ztp_ctl_registry_import;
ztp_ctl_fn ztp_ctl_ca_add, ztp_ctl_ca_list, ztp_ctl_ca_remove;
ztp_ctl_fn ztp_ctl_device_list, ztp_ctl_device_show, ztp_ctl_device_delete,
	ztp_ctl_device_block, ztp_ctl_device_unblock, ztp_ctl_device_resend;
ztp_ctl_fn ztp_ctl_pending_list, ztp_ctl_pending_reject, ztp_ctl_audit_tail;
/* These open the connection themselves, or need none. */
ztp_ctl_fn ztp_ctl_doctor, ztp_ctl_audit_list;

/* --- shared by the subcommands */

/* Sends a command and reports on stderr if it is refused. The caller owns
 * *data; data may be NULL. Takes over in. True: OK. */
bool ztp_ctl_ask(struct ztp_ctl *ctl, const char *command, cJSON *in,
		 cJSON **data);
/* All pages of a list command in one array, which the caller deletes. NULL: the
 * error has been reported. Takes over in. */
cJSON *ztp_ctl_list(struct ztp_ctl *ctl, const char *command,
		    const char *member, cJSON *in);
/* The same, with those items alone for which keep returns true. */
cJSON *ztp_ctl_list_some(struct ztp_ctl *ctl, const char *command,
			 const char *member, cJSON *in,
			 bool (*keep)(const cJSON *item, void *arg), void *arg);
/* An object with one string member; an empty object if value is NULL. */
cJSON *ztp_ctl_with(const char *name, const char *value);

/* --- print.c: prints answers on stdout. A list of names ends with NULL. */

void ztp_ctl_print_json(const cJSON *tree); /* one line */
/* Print the named members: all in one line, or one per line after its name. */
void ztp_ctl_print_line(const cJSON *object, const char *const *names);
void ztp_ctl_print_members(const cJSON *object, const char *const *names,
			   int width);
/* Prints a list, one line per item; on a terminal in columns with a header, and
 * "(none)" for an empty one. */
void ztp_ctl_print_table(const cJSON *list, const char *const *names);
/* The same, or as JSON. NULL: the error has been reported. Returns the exit
 * status. */
int ztp_ctl_print_list(const struct ztp_ctl *ctl, const cJSON *list,
		       const char *const *names);
/* Sends a command that changes something and prints "WHAT ARGUMENT" when it is
 * done. Returns the exit status. Takes over in. */
int ztp_ctl_change(struct ztp_ctl *ctl, const char *command, cJSON *in,
		   const char *what);
/* The same for a command that ends candidates; prints how many as well. */
int ztp_ctl_end(struct ztp_ctl *ctl, const char *command, cJSON *in,
		const char *what);

#endif
