# SPDX-License-Identifier: MIT
# Everything that can be broken from outside, by the table in docs/hardware.md.

INJECT := $(B)/tests/guest/inject

$(INJECT)/victim: $(INJECT)/victim.o $(B)/libaccel.so
	$(CC) -o $@ $< $(LDFLAGS) -L$(B) -laccel

VM_TESTS += tests/guest/inject.py
ALL += $(INJECT)/victim
