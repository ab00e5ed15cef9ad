# A guard against getting slower that needs no quiet machine: instructions per
# request, step by step, counted by callgrind and compared with those in
# tests/bench/instructions.json (tests/bench/test_instructions.py, in `make
# test`). `make instructions` records them anew: with the change that makes
# them more, and a reason in its message.

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
	$(Q)+$(MAKE) --no-print-directory all helpers
	$(Q)$(RUN_ENV) $(PYTHON) scripts/instructions

# What it costs by how much there is: `make bench-growth` fills stores up to
# GROWTH_OUTSTANDING requests and GROWTH_FINISHED devices (some minutes, some
# gigabytes while it runs) and writes $(BUILD)/bench/growth.json.
GROWTH_OUTSTANDING ?= 1000000
GROWTH_FINISHED    ?= 10000000

bench-growth:
	$(Q)scripts/deps build demo unit test
	$(Q)+$(MAKE) --no-print-directory all $(LIFE_BINS)
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench-growth \
		--outstanding $(GROWTH_OUTSTANDING) --finished $(GROWTH_FINISHED)

.PHONY: instructions bench-growth

-include $(patsubst %,$(BUILD)/o/tests/bench/%.d,hot growth life)
