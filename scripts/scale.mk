# The cost of a request by the number of outstanding ones: `make scale
# N=1000000`.
N     ?= 1000000
BATCH ?= 64

.PHONY: scale
SCALE_BIN := $(BUILD)/bench/scale

$(SCALE_BIN): $(call obj,o,tests/bench/scale.c) $(call bridge_o,store)
	$(call say,LINK)
	$(Q)mkdir -p $(@D) && $(LINK) -pie -o $@ $^ $(call bridge_libs,store) $(LDLIBS)

scale: $(SCALE_BIN)
	$(Q)dir=$$(mktemp -d) && $(SCALE_BIN) "$$dir" $(N) $(BATCH); \
		code=$$?; rm -rf "$$dir"; exit $$code
