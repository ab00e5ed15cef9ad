/*
 * tools/ztpctl/doctor.h - what the checks of `ztpctl doctor` look at, and how
 * they report findings.
 */
#ifndef ZTP_ZTPCTL_DOCTOR_H
#define ZTP_ZTPCTL_DOCTOR_H

#include "base/broker_facts.h"
#include "tools/ztpctl/ztpctl.h"

enum ztp_finding { ZTP_FINDING_OK, ZTP_FINDING_WARNING, ZTP_FINDING_ERROR };

struct ztp_doctor {
	struct ztp_ctl *ctl;
	bool has_facts; /* --broker-config could be read */
	struct ztp_broker_facts facts;
	cJSON *info;	 /* the gate's getInfo; NULL: no answer */
	int64_t info_at; /* when it came, by our clock */
	cJSON *findings; /* with --json */
	bool wrong;
};

/* Prints a finding, or keeps it for --json. */
void ztp_doctor_say(struct ztp_doctor *doctor, enum ztp_finding level,
		    const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

typedef void ztp_doctor_check(struct ztp_doctor *doctor, const char *what);

/* Checks the broker's configuration. Needs has_facts. */
void ztp_doctor_config(struct ztp_doctor *doctor);

/* Checks the bridges. Needs info. */
ztp_doctor_check ztp_doctor_cells;
/* Checks the group of the bridge at ctl->bridge. */
ztp_doctor_check ztp_doctor_group;
/* Checks the clocks. Needs info. */
ztp_doctor_check ztp_doctor_clock;

#endif
