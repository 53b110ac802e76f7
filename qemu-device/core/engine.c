// SPDX-License-Identifier: MIT
#include "engine.h"

#include <string.h>

int engine_resolve(struct engine *e, uint64_t addr, uint64_t bytes, enum engine_access access,
		   uint8_t **host, uint64_t *run)
{
	int cause;

	if (engine_is_local(addr)) {
		uint64_t offset = addr - AXON_SRAM_BASE;

		if (addr < AXON_SRAM_BASE || offset > e->sram_size ||
		    bytes > e->sram_size - offset) {
			e->fault_addr = addr;
			return AXON_FAULT_SRAM_RANGE;
		}
		*host = e->sram + offset;
		*run = e->sram_size - offset;
		return 0;
	}
	cause = e->translate(e->opaque, addr, access, host, run);
	if (cause)
		e->fault_addr = addr;
	return cause;
}

int engine_read(struct engine *e, void *dst, uint64_t addr, uint64_t bytes)
{
	uint8_t *out = dst;

	while (bytes) {
		uint8_t *host;
		uint64_t run;
		int cause = engine_resolve(e, addr, bytes, ENGINE_READ, &host, &run);

		if (cause)
			return cause;
		run = run < bytes ? run : bytes;
		memcpy(out, host, run);
		out += run;
		addr += run;
		bytes -= run;
	}
	return 0;
}

int engine_write(struct engine *e, uint64_t addr, const void *src, uint64_t bytes)
{
	const uint8_t *in = src;

	while (bytes) {
		uint8_t *host;
		uint64_t run;
		int cause = engine_resolve(e, addr, bytes, ENGINE_WRITE, &host, &run);

		if (cause)
			return cause;
		run = run < bytes ? run : bytes;
		memcpy(host, in, run);
		if (!engine_is_local(addr))
			e->written(e->opaque, addr, run);
		in += run;
		addr += run;
		bytes -= run;
	}
	return 0;
}

int engine_view(struct engine *e, uint64_t addr, uint64_t bytes, void *bounce, const uint8_t **view)
{
	uint8_t *host;
	uint64_t run;
	int cause = engine_resolve(e, addr, bytes, ENGINE_READ, &host, &run);

	if (cause)
		return cause;
	if (run >= bytes) {
		*view = host;
		return 0;
	}
	*view = bounce;
	return engine_read(e, bounce, addr, bytes);
}

int engine_bad_desc(struct engine *e, uint64_t desc_va, size_t field_offset, uint32_t found)
{
	e->fault_addr = desc_va;
	e->fault_info = (uint64_t)field_offset << 32 | found;
	return AXON_FAULT_BAD_DESC;
}
