# A guard against slowdowns that does not need an idle machine: callgrind counts
# the instructions of each step of a request, and
# tests/bench/test_instructions.py (in `make test`) compares them with
# tests/bench/instructions.json. `make instructions` records them again. Commit
# the new figures with the change that raises them, and give the reason in its
# message.

HOT_BIN = $(BUILD)/bench/hot
LIFE_BINS = $(HOT_BIN) $(BUILD)/bench/growth

helpers: $(HOT_BIN)

$(LIFE_BINS): $(BUILD)/bench/%: $(BUILD)/o/tests/bench/%.o \
		$(BUILD)/o/tests/bench/life.o \
		$(call bridge_o,loop)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK) -pie -o $@ $^ $(BRIDGE_LIBS) $(LDLIBS)

instructions:
	$(Q)scripts/deps build demo unit test instructions
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTHON) scripts/instructions

# Cost by the number of stored requests: `make bench-growth` fills stores with
# up to GROWTH_OUTSTANDING requests and GROWTH_FINISHED devices and writes
# $(BUILD)/bench/growth.json. It takes a few minutes and a few gigabytes of
# disk.
GROWTH_OUTSTANDING ?= 1000000
GROWTH_FINISHED    ?= 10000000

bench-growth:
	$(Q)scripts/deps build demo unit test
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all $(LIFE_BINS)
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench-growth \
		--outstanding $(GROWTH_OUTSTANDING) --finished $(GROWTH_FINISHED)

.PHONY: instructions bench-growth

-include $(patsubst %,$(BUILD)/o/tests/bench/%.d,hot growth life)
