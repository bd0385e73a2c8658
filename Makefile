# holm's verbs; `make help` lists them. Everything is built by CMake and Ninja.
SHELL := /bin/bash
.DEFAULT_GOAL := build
PRESET ?= release
BUILD := build/$(PRESET)
JOBS ?= $(shell nproc)
PYTHON ?= /usr/bin/python3
VENV := build/venv
export HOLM_DATA ?=
# The proxies to compare with.
export PATH := $(CURDIR)/build/peers/bin:$(PATH)

.PHONY: help deps build check test up down format tidy docs run fuzz differential bench-balancer bench-compute bench-metrics bench-objects bench-region bench-s3 bench-school crash-s3 drill kill-s3 profile clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

deps: ## Install what building, running and testing need (Debian packages, pinned Python packages)
	@tools/install_dependencies.sh $(VENV)

$(BUILD)/build.ninja: CMakeLists.txt CMakePresets.json | deps
	cmake --preset $(PRESET) > /dev/null

build: deps $(BUILD)/build.ninja ## Build everything (PRESET=release|dev|tsan|fuzz|profile)
	ninja -C $(BUILD) -j $(JOBS)

tidy: ## Check layers and habits
	$(PYTHON) tools/layers.py
	$(PYTHON) tools/tidy.py

check: tidy build ## The fast tests: everything beside the code
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) -LE slow

test: ## Install, build and pass every test
	@tools/run_tests.sh

up: deps $(BUILD)/build.ninja ## Start the region, deploy the school, print its URL and a login
	ninja -C $(BUILD) -j $(JOBS) holm school school_photo
	@apps/school/up.sh $(BUILD)

down: ## Take the school and the region down; nothing is left behind
	@$(BUILD)/holm down

run: build ## Run the region daemon in the foreground
	$(BUILD)/holm serve

docs: ## Write docs/coverage.md anew
	$(PYTHON) tools/coverage.py

format: ## Lay out the C++ sources
	git ls-files '*.cc' '*.h' | grep -v golden | xargs clang-format-19 -i

fuzz: ## Run each fuzz harness (SECONDS_EACH=60)
	@tools/run_fuzzers.sh $${SECONDS_EACH:-60}

differential: ## The same 100,000 requests through the balancer, HAProxy and nginx reach a target the same (REQUESTS=100000 SEED=1)
	tools/install_peers.sh && cmake --preset release >/dev/null && ninja -C build/release bench_balancer
	$(PYTHON) tests/proxy/differential.py build/release/bench_balancer --requests $${REQUESTS:-100000} --seed $${SEED:-1}

bench-region: build ## Start, memory, signed calls, instances, beside the machine's own limits
	$(VENV)/bin/python bench/region.py

bench-compute: build ## Five hundred instances, their metrics, and the control loop
	$(VENV)/bin/python bench/compute.py

bench-balancer: ## The balancer beside HAProxy and nginx (HAPROXY_PROGRAM=…, NGINX_PROGRAM=…, H2LOAD_PROGRAM=…)
	tools/install_peers.sh && cmake --preset release >/dev/null && ninja -C build/release bench_balancer
	$(VENV)/bin/python bench/balancer.py build/release/bench_balancer

bench-metrics: build ## The store of metrics: points a second, bytes a point
	build/release/bench_metrics

bench-school: build ## The school: up, a portrait's way into the yearbook, ten at once, down
	$(VENV)/bin/python bench/school.py

bench-s3: build ## S3 beside nginx's files and Ceph's gateway (NGINX_PROGRAM=…, CEPH_FOLDER=…, SECONDS_EACH=5)
	tools/install_peers.sh && tools/install_ceph.sh
	$(VENV)/bin/python bench/s3.py $${SECONDS_EACH:-5}

bench-objects: ## The object store beside the disk's own limits (OBJECTS=1000000)
	cmake --preset release >/dev/null && ninja -C build/release objects_bench
	bench/s3/run.sh build/release/objects_bench $${OBJECTS:-1000000}

crash-s3: ## The object store loses its power ten thousand times (LIVES=10000)
	cmake --preset release >/dev/null && ninja -C build/release objects_crashes
	build/release/objects_crashes $${LIVES:-10000}

profile: ## Write cmake/release.profdata anew: which ways requests take, as the compiler of the release is told
	tools/install_peers.sh && cmake --preset profile >/dev/null && ninja -C build/profile s3_alone bench_balancer
	$(VENV)/bin/python bench/profile.py build/profile

drill: build ## Hurt a site in every way, under load: times, requests, a picture in build/drill (about 20 minutes)
	$(VENV)/bin/python bench/drill/drill.py

kill-s3: build ## The daemon is killed two hundred times while it stores objects (KILLS=200)
	HOLM_KILLS=$${KILLS:-200} $(VENV)/bin/python -m pytest -q -p no:cacheprovider tests/clients/test_s3_crashes.py

clean: ## Remove what was built
	rm -rf build
