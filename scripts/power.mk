# What a file system keeps when power is cut, beside the simulation's disk: as
# root, on a loop device.

.PHONY: test-power
test-power:
	$(Q)scripts/deps build unit test
	$(Q)+$(MAKE) $(JOBS) --no-print-directory helpers
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/power
