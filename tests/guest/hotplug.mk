# SPDX-License-Identifier: MIT
# The card comes and goes: hotplug.py runs on the host, beside QEMU's monitor; its clients in the VM.

HOTPLUG := $(B)/tests/guest/hotplug

$(HOTPLUG)/client.o: CFLAGS += -isystem /usr/include/libdrm
$(HOTPLUG)/client: $(HOTPLUG)/client.o $(B)/tests/guest/abi.o $(B)/tests/guest/userq.o
	$(CC) -o $@ $^ $(LDFLAGS) -lcmocka

VM_TESTS += tests/guest/hotplug.py
ALL += $(HOTPLUG)/client
