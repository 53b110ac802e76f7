# SPDX-License-Identifier: MIT
# What is compared with llama.cpp (mk/peer.sh) and with the host's own peak, beyond `make test`.

PAIRS ?= 5
ROWS ?= decode,prefill,batched,matrix,copy,launch,in-process,first-token,resident

.PHONY: bench peer-test
bench: deps ## speed beside llama.cpp and the host's peak, as a table and build/bench.json: ROWS= PAIRS=5 MODEL=
	@$(MAKE) --no-print-directory -s -j$$(nproc) all vm
	@python=$$(mk/venv.sh) && \
		exec "$$python" tests/peer/bench.py --pairs '$(PAIRS)' --rows '$(ROWS)' --model '$(MODEL)'

peer-test: deps ## the default model's distributions beside llama.cpp's
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@tests/peer/kl.sh
