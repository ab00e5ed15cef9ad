# Fault injection: `make fault ROUNDS=100 SEED=1` runs the campaign. Every run
# prints its seed, which repeats the same faults in the same order.

ROUNDS ?= 10
SEED   ?=
RATE   ?= 1000
FAULT_LIB = $(BUILD)/fault/libcrash.so

helpers: $(FAULT_LIB)

$(FAULT_LIB): $(wildcard tests/fault/*.c) $(wildcard tests/fault/*.h)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -shared -std=c11 -D_GNU_SOURCE $(WARN) $(CPPFLAGS) \
		$(filter-out -fsanitize%,$(CFLAGS)) -fPIC $(LDFLAGS) -o $@ \
		$(filter %.c,$^) $(LDLIBS)

# The campaign, every crash point, and Kafka away for a minute.
fault:
	$(Q)scripts/deps build demo kafka unit test
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTHON) tests/fault/campaign.py --rounds $(ROUNDS) \
		--rate $(RATE) $(if $(SEED),--seed $(SEED))
	$(Q)$(RUN_ENV) $(PYTHON) tests/fault/crashpoints.py
	$(Q)$(RUN_ENV) $(PYTHON) tests/fault/outage.py --rate $(RATE)
