# Branch coverage of bridge/life by its unit tests: `make coverage-life` runs
# only tests/unit/test_bridge_life_* and reports, for each file, how many
# branches gcov has seen taken. MISSING=1 lists the others. It compiles without
# optimisation and sanitizers, which add branches of their own.

.PHONY: coverage-life unit-run-life
COVERAGE := $(BUILD)/coverage

unit-run-life: $(filter $(BUILD)/unit/test_bridge_life_%,$(UNIT_BINS))
	$(Q)scripts/run-units $^

coverage-life:
	$(Q)scripts/deps build unit
	$(Q)! test -d $(COVERAGE) || find $(COVERAGE) -name '*.gcda' -delete
	$(Q)+$(MAKE) $(JOBS) --no-print-directory BUILD=$(COVERAGE) SAN= \
		CFLAGS="-O0 -g --coverage" unit-run-life
	$(Q)$(PYTHON) scripts/coverage $(if $(MISSING),--missing) \
		$(COVERAGE)/san/bridge/life
