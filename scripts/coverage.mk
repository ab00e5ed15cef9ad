# How much of bridge/life its unit tests have been through: `make coverage-life`
# runs tests/unit/test_bridge_life_* alone and says, for each file, how many of
# its branches were taken, by gcov; with MISSING=1, which were not. Without
# optimisation and sanitizers, which make branches of their own.

.PHONY: coverage-life unit-run-life
COVERAGE := $(BUILD)/coverage

unit-run-life: $(filter $(BUILD)/unit/test_bridge_life_%,$(UNIT_BINS))
	$(Q)scripts/run-units $^

coverage-life:
	$(Q)scripts/deps build unit
	$(Q)! test -d $(COVERAGE) || find $(COVERAGE) -name '*.gcda' -delete
	$(Q)+$(MAKE) --no-print-directory BUILD=$(COVERAGE) SAN= \
		CFLAGS="-O0 -g --coverage" unit-run-life
	$(Q)$(PYTHON) scripts/coverage $(if $(MISSING),--missing) \
		$(COVERAGE)/san/bridge/life
