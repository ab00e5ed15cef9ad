/*
 * Decides about a connection with a device's client ID (DESIGN section 9), in
 * two steps: ztp_gate_knock before any cryptography, ztp_gate_admit once the
 * key has been proven. In each, the first rule that matches decides.
 */
#include "ztp/gate.h"

#include "ztp/gate_protocol.h"

#include <string.h>

static const char *const onboarding_names[] = {
	[ZTP_ONBOARDING_OFF] = "off",
	[ZTP_ONBOARDING_DIRECT] = "direct",
	[ZTP_ONBOARDING_CUSTOM] = "custom",
};

const char *ztp_onboarding_name(enum ztp_onboarding onboarding)
{
	return onboarding_names[onboarding];
}

bool ztp_onboarding_parse(enum ztp_onboarding *onboarding, const char *name)
{
	for (int i = 0; i <= ZTP_ONBOARDING_CUSTOM; i++) {
		if (strcmp(name, onboarding_names[i]) == 0) {
			*onboarding = (enum ztp_onboarding)i;
			return true;
		}
	}
	return false;
}

static struct ztp_gate_verdict verdict(enum ztp_admission admission,
				       const char *code)
{
	return (struct ztp_gate_verdict){admission, code};
}

struct ztp_gate_verdict ztp_gate_knock(const struct ztp_gate_facts *facts)
{
	if (!facts->registry_known)
		return verdict(ZTP_ADMIT_REFUSE, ZTP_WHY_UNKNOWN_REGISTRY);
	if (facts->topic_taken)
		return verdict(ZTP_ADMIT_REFUSE, ZTP_WHY_TOPIC_IN_USE);
	if (facts->device_known) {
		if (facts->with_certificate && !facts->same_certificate)
			return verdict(ZTP_ADMIT_REFUSE, ZTP_WHY_DEVICE_EXISTS);
		if (facts->device_blocked)
			return verdict(ZTP_ADMIT_REFUSE, ZTP_WHY_BLOCKED);
		return verdict(ZTP_ADMIT_PROVE, "");
	}
	if (!facts->with_certificate)
		return verdict(ZTP_ADMIT_REFUSE, ZTP_WHY_UNKNOWN_DEVICE);
	if (facts->onboarding == ZTP_ONBOARDING_OFF)
		return verdict(ZTP_ADMIT_REFUSE, ZTP_WHY_ONBOARDING_OFF);
	return verdict(ZTP_ADMIT_PROVE, "");
}

static bool too_many(const struct ztp_gate_facts *facts,
		     const struct ztp_gate_limits *limits)
{
	if (facts->candidate_known)
		return false; /* it has been counted already */
	/* A direct registry rejects nobody. */
	if (facts->onboarding == ZTP_ONBOARDING_CUSTOM &&
	    (facts->rejected_per_certificate >= limits->per_certificate ||
	     facts->rejected_per_registry >= limits->per_registry))
		return true;
	return facts->per_certificate >= limits->per_certificate ||
	       facts->per_registry >= limits->per_registry ||
	       facts->per_path >= limits->per_path;
}

struct ztp_gate_verdict ztp_gate_admit(const struct ztp_gate_facts *facts,
				       const struct ztp_gate_limits *limits)
{
	if (facts->device_known) {
		if (facts->live_other_key)
			return verdict(ZTP_ADMIT_REFUSE, ZTP_WHY_PATH_IN_USE);
		return verdict(ZTP_ADMIT_CONNECT, ZTP_WHY_CONNECTED);
	}
	if (facts->cooling_down)
		return verdict(ZTP_ADMIT_REFUSE, ZTP_WHY_REJECTED);
	if (too_many(facts, limits))
		return verdict(ZTP_ADMIT_REFUSE,
			       ztp_err_name(ZTP_ERR_TOO_MANY));
	if (facts->onboarding == ZTP_ONBOARDING_DIRECT) {
		if (facts->live_other_key)
			return verdict(ZTP_ADMIT_REFUSE, ZTP_WHY_PATH_IN_USE);
		return verdict(ZTP_ADMIT_CREATE, ZTP_WHY_CREATED);
	}
	if (facts->live_other_key)
		return verdict(ZTP_ADMIT_JOURNAL, ZTP_WHY_PATH_IN_USE);
	if (facts->hold && facts->topic_watched)
		return verdict(ZTP_ADMIT_JOURNAL, ZTP_WHY_TOPIC_IN_USE);
	return verdict(facts->hold ? ZTP_ADMIT_HOLD : ZTP_ADMIT_JOURNAL,
		       ZTP_WHY_PENDING);
}
