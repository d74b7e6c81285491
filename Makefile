# Verbs only. Everything is installed into .venv by pip; nothing is left outside this folder.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= data
TINY ?= ../shared/models/mlperf_tiny
CNV ?= ../shared/models/bnnpynq_cnvW1A2_cifar10.npz
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-slow docs train bench-engine bench-accuracy bench-bitstreams bench-cnv bench-imagenet bench-tiny bench-netlists bench-import bench-nets bench-faults bench-links bench-opinions prove mutants soak calibrate doctor format clean help

help:           ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / - /'

demo: .venv/demo ## the whole way once: checkpoint, golden model, Verilog, Verilator, bitstream
	$(BIN)/fq-hw demo

test: .venv/test ## lint, types, then every test but those of test-slow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test-slow: .venv/test ## the slow tests: cost model, cycle model and Verilog on more and larger networks (ten minutes)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

docs: .venv/docs ## the documents as a site, their links checked: build/docs/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo build/docs/index.html

train: .venv/test ## train the shipped network again (half an hour on one core)
	$(BIN)/fq-hw train

bench-engine: .venv/demo ## dot products, engine, a ResNet-20-size network: LUTs, MHz, frames/s (an hour)
	$(BIN)/fq-hw bench

bench-accuracy: .venv/test ## train and compare embeddings and quantizers (hours; resumes; DATA=folder of the sets)
	$(BIN)/fq-hw accuracy --data $(DATA)

bench-bitstreams: .venv/demo ## a bitstream for every board: cells, MHz, frames/s of core and link (an hour with a native nextpnr; resumes)
	$(BIN)/fq-hw bench-bitstreams

bench-cnv: .venv/demo ## Xilinx's CNV: accuracy, frames/s, LUTs beside its own (an hour; CNV=FILE.npz DATA=folder of CIFAR-10)
	$(BIN)/fq-hw bench-cnv $(CNV) --path $(DATA)

bench-imagenet: .venv/demo ## the published ERNs at 256 x 256 on ULX3S boards: folded, simulated with their SDRAM, routed (hours)
	$(BIN)/fq-hw bench-imagenet

bench-tiny: .venv/test ## MLPerf Tiny's int8 models: LiteRT, Verilog, routed (hours; TINY=folder of the TFLite files)
	$(BIN)/fq-hw bench-tiny $(TINY)

bench-netlists: .venv/demo ## netlists of the demo, ern20 and an iCE40 network after synthesis, routing, packing, beside golden (an hour)
	$(BIN)/fq-hw bench-netlists

bench-import: .venv/test ## 300 random ONNX models through import, qonnx, folding, Verilator (half an hour; resumes)
	PYTHONPATH=. $(BIN)/python tests/bench_import.py  # the project before tests/fq_hw

bench-nets: .venv/test ## networks that users build, from Brevitas through import, qonnx, Verilator (a quarter of an hour; resumes)
	PYTHONPATH=.:tests $(BIN)/python tests/bench_nets.py

bench-faults: .venv/test ## 2,450 damaged inputs, 120 interrupts of twelve long commands, full disks, 600 link frames with faults (half an hour)
	PYTHONPATH=.:tests $(BIN)/python tests/bench_faults.py

bench-links: .venv/test ## boards' links at their pins: bad networks and lines, Linux as a peer, MB/s, routed (a quarter of an hour)
	PYTHONPATH=.:tests $(BIN)/python tests/boards/bench_links.py

prove: .venv/demo ## proofs: rules of streams and of an SDRAM, FIFOs, dot products, packets (half an hour)
	PYTHONPATH=.:tests $(BIN)/python tests/prove/bench_prove.py

bench-opinions: .venv/test ## the shipped networks by the papers' formulas in NumPy, onnxruntime, qonnx, LiteRT, beside golden (minutes)
	PYTHONPATH=.:tests $(BIN)/python tests/bench_opinions.py

mutants: .venv/test ## change 400 operators, comparisons and constants, one at a time: the nearest tests must fail (hours; resumes)
	PYTHONPATH=.:tests $(BIN)/python tests/bench_mutants.py

soak: .venv/test ## 100,000 frames in Verilator with pauses and resets, 10,000 on bad links, memory over an hour (two hours)
	PYTHONPATH=.:tests:tests/boards $(BIN)/python tests/bench_soak.py

calibrate: .venv/demo ## fit the cost model to synthesised units (minutes; goes on where it was)
	$(BIN)/python -m boards.calibrate

doctor: .venv/demo ## which outside tools are used
	$(BIN)/fq-hw doctor

format: .venv/test ## format the sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:          ## remove everything that was built, the virtual environment too
	rm -rf .venv build *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "make: needs Python 3.11 or later; set PYTHON=/path/to/it"; exit 2; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "make: needs Python's venv module (Debian: apt install python3-venv)"; exit 2; }

.venv/demo: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing tools into .venv (about a minute, 1 GB)"
	$(PIP) -e '.[data,hw,plots,serve]'
	@touch $@

.venv/docs: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing mkdocs into .venv (half a minute, 200 MB)"
	$(PIP) -e '.[docs]'
	@touch $@

.venv/test: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing tools and torch into .venv (about two minutes, 2 GB)"
	$(PIP) -e '.[data,hw,train,test,farm,onnx,tflite,brevitas,litex,docs,serve,board]'
	@touch $@ .venv/demo .venv/docs
