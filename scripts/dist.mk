# For distribution: `make dist` makes a source tarball, and `make deb` the
# Debian packages. `make deb-test` installs the packages into a system of its
# own, onboards a device, and purges them.

.PHONY: dist deb deb-test

dist:
	$(Q)scripts/dist $(BUILD)

deb:
	$(Q)scripts/deps build deb
	$(Q)scripts/deb $(BUILD)/deb

deb-test: deb
	$(Q)scripts/deps demo kafka test debtest
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/packages
