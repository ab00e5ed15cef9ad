# The manual. `make manual` generates one page from the table of settings. `make
# lint-manual` checks all pages with mandoc, as tests/local/test_manual.py does.

GEN_MANUAL = $(BUILD)/gen-config-manual
MANUAL_SETTINGS = docs/man/ztp-bridge.yaml.5

.PHONY: manual lint-manual
helpers: $(GEN_MANUAL)

$(GEN_MANUAL): $(BUILD)/o/scripts/gen-config-manual.o \
		$(call bridge_o,config)
	$(call say,LINK)
	$(Q)$(LINK) -pie -o $@ $^ $(call bridge_libs,config) $(LDLIBS)

manual: $(GEN_MANUAL)
	$(Q)$(GEN_MANUAL) scripts/ztp-bridge.yaml.5.in >$(MANUAL_SETTINGS)

lint: lint-manual
lint-manual: lint-deps
	$(Q)mandoc -Tlint -Wwarning docs/man/*.[1-8]
