# Neighbours that misbehave: `make hostile` runs honest devices and customers
# beside each attack of tests/hostile for ten seconds and shows what they notice
# of it. HOSTILE_ARGS='--rounds 5 --only HTTP' and the like go to the campaign.

.PHONY: hostile hostile-cells

hostile:
	$(Q)scripts/deps build demo kafka unit test
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTHON) tests/hostile/campaign.py $(HOSTILE_ARGS)

# Two cells at one gate, of which one is made useless in turn: what the other
# one's devices notice of it.
hostile-cells:
	$(Q)scripts/deps build demo kafka unit test
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTHON) tests/hostile/cells.py $(HOSTILE_ARGS)
