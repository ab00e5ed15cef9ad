# bridge/http/page.c embeds the status page with the assembler, so gcc does not
# list the page's files as dependencies.
$(BUILD)/o/bridge/http/page.o $(BUILD)/san/bridge/http/page.o: $(wildcard bridge/http/page/*)

# docs/page.png and docs/page-dark.png: screenshots of it after five minutes'
# work.
.PHONY: screenshot
screenshot:
	$(Q)scripts/deps build demo page
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTHON) scripts/screenshot
