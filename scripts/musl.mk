# `make musl` compiles the policy library and the tools against musl's headers.
# Debian has the libraries they need for glibc only, so nothing is linked. Where
# those libraries are built for musl, as on Alpine, plain make links them.

.PHONY: musl musl-objects
musl:
	$(Q)scripts/deps build musl
	$(Q)+$(MAKE) $(JOBS) --no-print-directory BUILD=$(BUILD)/musl CC=musl-gcc \
		CPPFLAGS='$(CPPFLAGS) -idirafter /usr/include -idirafter /usr/include/$(shell $(CC) -print-multiarch)' \
		musl-objects

musl-objects: $(BUILD)/libztp_policy.a $(call obj,o,$(BASE_SRC) $(COMMON_SRC) $(SERVE_SRC) \
		$(foreach tool,$(TOOLS),$(call src,tools/$(tool))))
