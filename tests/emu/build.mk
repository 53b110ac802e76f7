# SPDX-License-Identifier: MIT
# Tests of the chip without a VM, a folder each.

include $(wildcard tests/emu/*/build.mk)
