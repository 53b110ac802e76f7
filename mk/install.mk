# SPDX-License-Identifier: MIT
# make install: the library and its emulator, the tools, axon-cc with what it compiles against, the
# kernels, the driver's source as DKMS wants it, man pages, documents, examples, the udev rule.
# DESTDIR, PREFIX and LIBDIR as everywhere.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR := $(PREFIX)/include/axon
MANDIR := $(PREFIX)/share/man
DOCDIR := $(PREFIX)/share/doc/axon
AXONDIR := $(LIBDIR)/axon
DKMSDIR := $(PREFIX)/src/axon-$(VERSION)

# $(1) files to folder $(2) with mode $(3).
put = install -d $(DESTDIR)$(2) && install -m $(3) $(1) $(DESTDIR)$(2)/

installed_tools := $(filter $(B)/accel-%,$(ALL))

.PHONY: install uninstall
install: $(installed_tools) $(LIBACCEL) $(LIBACCEL_EMU) $(KERNELS) ## install the library, the tools, the manual: PREFIX=/usr/local DESTDIR=
	$(call put,$(installed_tools),$(PREFIX)/bin,755)
	$(call put,$(B)/libaccel.so.1,$(LIBDIR),755)
	ln -sf libaccel.so.1 $(DESTDIR)$(LIBDIR)/libaccel.so
	$(call put,$(B)/emu/libaccel.so.1,$(AXONDIR)/emu,755)
	$(call put,libaccel/accel.h uapi/axon_*.h,$(INCLUDEDIR),644)
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' -e 's|@includedir@|$(INCLUDEDIR)|' \
		-e 's|@version@|$(VERSION)|' -e 's|@cflags@|-I$${includedir}|' libaccel/accel.pc.in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/accel.pc
	$(call put,tools/axon-cc,$(AXONDIR)/tools,755)
	ln -sfr $(DESTDIR)$(AXONDIR)/tools/axon-cc $(DESTDIR)$(PREFIX)/bin/axon-cc
	$(call put,VERSION,$(AXONDIR),644)
	$(call put,kernels/*.h kernels/kernel.ld $(KERNELS),$(AXONDIR)/kernels,644)
	$(call put,kernels/lib/*.c,$(AXONDIR)/kernels/lib,644)
	$(call put,kernels/include/linux/*.h,$(AXONDIR)/kernels/include/linux,644)
	$(call put,uapi/axon_*.h,$(AXONDIR)/uapi,644)
	$(call put,driver/*.[ch] driver/Kbuild,$(DKMSDIR),644)
	$(call put,uapi/axon_*.h,$(DKMSDIR)/uapi,644)
	sed 's|@version@|$(VERSION)|g' mk/dkms.conf.in >$(DESTDIR)$(DKMSDIR)/dkms.conf
	$(call put,docs/man/*.1,$(MANDIR)/man1,644)
	$(call put,docs/man/*.3,$(MANDIR)/man3,644)
	$(call put,docs/man/*.4,$(MANDIR)/man4,644)
	$(call put,docs/man/*.7,$(MANDIR)/man7,644)
	set -e; for page in docs/man/*.3; do \
		for name in $$(sed -n '/^\.SH NAME/{n;s/ \\-.*//;s/,//g;p}' $$page); do \
			echo ".so man3/$${page##*/}" >$(DESTDIR)$(MANDIR)/man3/$$name.3; \
		done; \
	done
	$(call put,docs/*.md,$(DOCDIR),644)
	set -e; for file in $(wildcard examples/*/*); do \
		install -D -m 644 $$file $(DESTDIR)$(DOCDIR)/$$file; \
	done
	$(call put,tools/60-axon.rules,$(LIBDIR)/udev/rules.d,644)

# What install would put down, put down elsewhere, is the list of what to remove.
uninstall: ## remove what make install put down: PREFIX=/usr/local DESTDIR=
	set -e; list=$$(mktemp -d); trap 'rm -rf "$$list"' EXIT; \
	$(MAKE) --no-print-directory -s DESTDIR="$$list" install; \
	(cd "$$list" && find . ! -type d) | sed 's|^\.|$(DESTDIR)|' | xargs -d '\n' rm -f; \
	for dir in $(AXONDIR) $(INCLUDEDIR) $(DKMSDIR) $(DOCDIR); do \
		[ ! -d "$(DESTDIR)$$dir" ] || find "$(DESTDIR)$$dir" -depth -type d -empty -delete; \
	done
