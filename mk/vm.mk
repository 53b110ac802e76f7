# SPDX-License-Identifier: MIT
# What a VM is made of (QEMU, kernel, first files, module) and the targets that boot one.
# These are never sanitised: they live in build/ whatever B is.

MODEL ?= gemma3-270m-q4_k_m
PROMPT ?= A list of the planets of the solar system: Mercury, Venus,
N ?= 48
VM ?=
export PROMPT

.PHONY: deps qemu kernel module vm debug run shell force
deps: ## install the Debian packages that are missing
	@mk/packages.sh

qemu: build/qemu-system-x86_64 ## QEMU with the axon device
kernel: build/kernel
module: build/axon.ko ## the driver, for the kernel of the VM
vm: qemu module build/initramfs.cpio ## all that tools/vm needs
debug: qemu build/debug/axon.ko build/debug/initramfs.cpio ## all that tools/vm --kernel debug needs

build/qemu-system-x86_64: build/libaxoncore.so force
	@mk/qemu.sh $< $@

build/kernel: force
	@mk/kernel.sh $@

build/debug/kernel: build/kernel force
	@mk/debug_kernel.sh $< $@

build/initramfs.cpio build/debug/initramfs.cpio: %/initramfs.cpio: %/kernel tools/vm.d/init
	@mk/initramfs.sh $< $@

build/axon.ko build/debug/axon.ko: %/axon.ko: %/kernel force
	+@mk/module.sh $< $*

force:

run: deps ## run a model on the accelerator: MODEL=name|file PROMPT=text N=tokens TRACE=1
	@$(MAKE) --no-print-directory -s -j$$(nproc) all vm
	@model=$$(mk/fetch_model.py '$(MODEL)') && \
		tools/vm $(VM) -- build/accel-run -m "$$model" -p "$$PROMPT" -n $(N) \
			$(if $(TRACE),--trace) $(if $(shell test -t 2 && echo yes),--progress)

shell: deps ## a prompt in the VM; VM='--devices 2 --iommu …' passes options to tools/vm
	@$(MAKE) --no-print-directory -s -j$$(nproc) all vm
	@tools/vm $(VM) --tty -- $${SHELL:-/bin/sh}
