# make install PREFIX=/usr DESTDIR=/tmp/stage: what has been built, where a
# packager expects it. uninstall removes the same files and nothing else.

bindir = $(DESTDIR)$(PREFIX)/bin
libdir = $(DESTDIR)$(PREFIX)/lib
incdir = $(DESTDIR)$(PREFIX)/include/ztp
mandir = $(DESTDIR)$(PREFIX)/share/man
docdir = $(DESTDIR)$(PREFIX)/share/doc/ztp-bridge
unitdir = $(libdir)/systemd/system

INSTALL_BINS = $(filter-out %.a %.so %/ztp-devkafka,$(BINARIES))
INSTALL_LIBS = $(filter %.a,$(BINARIES))
INSTALL_GATE = $(filter %.so,$(BINARIES))
INSTALL_MAN  = $(wildcard docs/*.[1-8] docs/man/*.[1-8])
INSTALL_DOC  = $(wildcard README.md LICENSE docs/*.md docs/asyncapi.yaml docs/*.yaml)
INSTALL_SCHEMAS = $(wildcard docs/schemas/*.json)
INSTALL_UNIT = $(firstword $(wildcard ztp-bridge.service docs/ztp-bridge.service))

put = install -d '$(2)' && install -m $(1) $(3) '$(2)'

install: all
	$(Q)$(call put,755,$(bindir),$(INSTALL_BINS))
	$(Q)$(call put,644,$(libdir),$(INSTALL_LIBS))
	$(Q)$(call put,644,$(incdir),$(wildcard include/ztp/*.h))
	$(Q)$(if $(INSTALL_GATE),$(call put,644,$(libdir)/ztp,$(INSTALL_GATE)),:)
	$(Q)$(if $(INSTALL_DOC),$(call put,644,$(docdir),$(sort $(INSTALL_DOC))),:)
	$(Q)$(if $(INSTALL_SCHEMAS),$(call put,644,$(docdir)/schemas,$(INSTALL_SCHEMAS)),:)
	$(Q)set -e; for page in $(INSTALL_MAN); do \
		install -D -m 644 "$$page" \
			"$(mandir)/man$${page##*.}/$${page##*/}"; \
	done
	$(Q)set -e; for service in $(INSTALL_UNIT); do \
		install -d '$(unitdir)'; \
		sed 's,/usr/local/,$(PREFIX)/,g' "$$service" \
			>'$(unitdir)/ztp-bridge.service'; \
	done

uninstall:
	$(Q)rm -f $(addprefix $(bindir)/,$(notdir $(INSTALL_BINS))) \
		$(addprefix $(libdir)/,$(notdir $(INSTALL_LIBS))) \
		$(libdir)/ztp/mosquitto_ztp_gate.so \
		$(addprefix $(incdir)/,$(notdir $(wildcard include/ztp/*.h))) \
		$(foreach page,$(INSTALL_MAN),$(mandir)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
		$(unitdir)/ztp-bridge.service
	$(Q)rm -rf $(docdir)
	$(Q)rmdir $(incdir) $(libdir)/ztp 2>/dev/null || :
