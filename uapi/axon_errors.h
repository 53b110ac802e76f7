/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The error catalogue: one entry for everything that can go wrong between a program and the
 * chip, read by the driver, the library and the tools. Faults of the chip keep their own
 * list, AXON_FAULT_LIST in axon_hw.h, and appear here by their number plus AXON_ERR_FAULT_BASE.
 * X(name, number, errno, meaning, what to do): no two have the same errno, so that it is enough to
 * know what went wrong.
 */
#ifndef AXON_ERRORS_H
#define AXON_ERRORS_H

#define AXON_ERR_FAULT_BASE	1000

#define AXON_ERR_LIST(X)                                                                             \
	X(NO_DRIVER, 1, EUNATCH, "no /dev/accel node of the axon driver exists",                      \
	  "load the module (insmod build/axon.ko) in a VM that has the device (see tools/vm)")       \
	X(NO_DEVICE, 2, ENXIO, "no such accelerator",                                                \
	  "list the devices with accel-smi; check ACCEL_VISIBLE_DEVICES and QEMU's -device axon")    \
	X(NO_PERMISSION, 3, EACCES, "the accel node may not be opened by this user",                 \
	  "install tools/60-axon.rules into /etc/udev/rules.d and join the group render")            \
	X(VERSION, 4, EPROTO, "driver and library do not speak the same ABI",                        \
	  "build and load the module and the library from one source tree")                          \
	X(NO_VRAM, 5, ENOSPC, "device memory is full",                                               \
	  "free buffers, use a smaller model, or start the VM with a larger --vram")                 \
	X(NO_SLOT, 6, EBUSY, "every hardware queue is taken",                                        \
	  "close a queue or wait for another process to end")                                        \
	X(NO_AS, 7, EUSERS, "every address space is taken", "close an address space or a process")   \
	X(QUEUE_DEAD, 8, EIO, "the queue stopped at a fault", "read its fault record; create a new queue") \
	X(DEVICE_LOST, 9, ENODEV, "the accelerator is gone or being reset", "reopen the device")     \
	X(BAD_PROGRAM, 10, ENOEXEC, "the file is no program for this chip",                          \
	  "build it as docs/kernels.md says: RV64IMFD, no writable globals")                         \
	X(TIMEOUT, 11, ETIME, "the wait ran out of time", "wait longer or look at the queue's state")

enum axon_err {
#define AXON_ERR_ENUM(name, number, err, meaning, action) AXON_ERR_##name = number,
	AXON_ERR_LIST(AXON_ERR_ENUM)
#undef AXON_ERR_ENUM
};

#endif
