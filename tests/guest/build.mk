# SPDX-License-Identifier: MIT
# Tests that run in the VM, against the real kernel module: tests/guest/run starts them there.

include $(filter-out %/build.mk,$(wildcard tests/guest/*.mk))
