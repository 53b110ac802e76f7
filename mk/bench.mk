# SPDX-License-Identifier: MIT
# What is compared with llama.cpp (mk/peer.sh) on this machine, beyond `make test`.

PAIRS ?= 5

.PHONY: bench peer-test
bench: deps ## speed beside llama.cpp, a table and build/bench.json: MODEL= PAIRS=5
	@$(MAKE) --no-print-directory -s -j$$(nproc) all vm
	@model=$$(mk/fetch_model.py '$(MODEL)') && tests/peer/bench.py "$$model" $(PAIRS)

peer-test: deps ## the default model's distributions beside llama.cpp's
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@tests/peer/kl.sh
