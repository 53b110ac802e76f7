# SPDX-License-Identifier: MIT
# The machine sleeps and wakes: sleep.py runs on the host, beside QEMU's monitor; its client in the VM.

SLEEP := $(B)/tests/guest/sleep

$(SLEEP)/client.o: CFLAGS += -isystem /usr/include/libdrm
$(SLEEP)/client: $(SLEEP)/client.o $(B)/tests/guest/abi.o $(B)/tests/guest/userq.o
	$(CC) -o $@ $^ $(LDFLAGS) -lcmocka

VM_TESTS += tests/guest/sleep.py
ALL += $(SLEEP)/client
