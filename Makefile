# SPDX-License-Identifier: GPL-2.0-only
#
# One Makefile, not recursive; everything that it makes is in build/. `make help` lists what a person
# may ask for. V=1 shows the commands.

VERSION := 0.1.0

prefix ?= /usr/local
sbindir ?= $(prefix)/sbin
libexecdir ?= $(prefix)/libexec
datadir ?= $(prefix)/share

CC := gcc
CLANG ?= clang
BPFTOOL ?= bpftool
PKG_CONFIG ?= pkg-config
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy
LLVM_STRIP ?= llvm-strip

# systemd looks below /usr/local by itself; below another prefix only where it says so.
ifeq ($(prefix),/usr/local)
systemdunitdir ?= $(prefix)/lib/systemd/system
else
systemdunitdir ?= $(or $(shell $(PKG_CONFIG) --variable=systemdsystemunitdir systemd 2>/dev/null),/lib/systemd/system)
endif

# ---- make itself ---------------------------------------------------------------------------------

MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
SHELL := /bin/bash
export PATH := $(PATH):/usr/sbin:/sbin
export LC_ALL := C.UTF-8

ifeq ($(V),1)
Q :=
say =
else
Q := @
say = @printf '  %-9s %s\n' '$(1)' '$(2)'
endif

# ---- what there is -------------------------------------------------------------------------------

sort_find = $(sort $(shell find $(1) -name '$(2)' 2>/dev/null))

BPF_SOURCES := $(wildcard bpf/*.bpf.c)
USER_SOURCES := $(call sort_find,user,*.c)
BUILTINS := $(sort $(wildcard user/policy/builtin/*.yaml))
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
PROG_SOURCES := $(sort $(wildcard tests/prog/test_*.c))
BENCH_SOURCES := $(sort $(wildcard tests/bench/bench_*.c))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/*.c))
TEST_LIB_BPF := $(wildcard tests/lib/*.bpf.c)
PROPERTY_MAIN := tests/property/main.c
TEST_LIB_SOURCES := $(sort $(filter-out $(TEST_LIB_BPF) $(PROPERTY_MAIN),\
	$(wildcard tests/lib/*.c tests/model/*.c tests/property/*.c)))
FORMATTED := $(call sort_find,bpf include user tests,*.[ch])

BPF_OBJECTS := $(BPF_SOURCES:%.c=build/%.o)
SKELETONS := $(BPF_SOURCES:bpf/%.bpf.c=build/skel/%.skel.h)
TEST_BPF_OBJECTS := $(TEST_LIB_BPF:%.c=build/%.o)
GENERATED := build/gen/builtin_policies.c build/gen/page.c
UNITS := $(patsubst %.in,build/%,$(sort $(wildcard systemd/*.in)))

# Every user source has two objects: build/obj/ for the product, build/asan/obj/ with sanitizers.
C_SOURCES := $(USER_SOURCES) $(GENERATED:build/%=%)
objects = $(patsubst %.c,$(1)/%.o,$(2))
NOT_MAIN := $(filter-out user/main.c,$(C_SOURCES))
PURE := $(filter user/base/% user/packet/% user/policy/% user/image/% user/host/% user/report/% user/serve/% gen/%,$(C_SOURCES))

UNIT_TESTS := $(UNIT_SOURCES:tests/%.c=build/tests/%)
PROG_TESTS := $(PROG_SOURCES:tests/%.c=build/tests/%)
TEST_TOOLS := $(patsubst %.c,build/%,$(wildcard tests/tools/*.c))
OTHER := build/other/edgegate
BENCHES := $(BENCH_SOURCES:tests/bench/%.c=build/bench/%)
BENCH_TABULATE := build/bench/tabulate
BENCH_LIB := $(filter-out $(BENCH_SOURCES) tests/bench/tabulate.c,$(wildcard tests/bench/*.c))
WIRE_SOURCES := $(sort $(wildcard tests/scoreboard/*.c))
WIRE := build/tests/scoreboard/wire
AGREE_SOURCES := $(sort $(wildcard tests/wire/*.c))
AGREE := build/tests/wire/agree
FUZZERS := $(FUZZ_SOURCES:tests/fuzz/%.c=build/fuzz/%)

# ---- flags ---------------------------------------------------------------------------------------

PACKAGES := libbpf libfyaml jansson libmnl libpcap libmicrohttpd libseccomp libcap libcrypt gnutls
once = $(eval $(1) := $(2))$($(1))
PACKAGE_CFLAGS = $(call once,PACKAGE_CFLAGS,$(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null))
PACKAGE_LIBS = $(call once,PACKAGE_LIBS,$(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null))
PURE_LIBS = $(call once,PURE_LIBS,$(shell $(PKG_CONFIG) --libs libfyaml jansson libmnl libpcap libmicrohttpd libseccomp libcap libcrypt gnutls))
TEST_LIBS = $(call once,TEST_LIBS,-lcmocka $(shell $(PKG_CONFIG) --libs libpcap))
MULTIARCH = $(call once,MULTIARCH,$(shell $(CC) -print-multiarch))

INCLUDES := -I. -Iinclude -Ibuild/skel
WARNINGS := -Wall -Wextra -Werror
DEFINES := -D_GNU_SOURCE -DEDGEGATE_VERSION='"$(VERSION)"'
CFLAGS ?= -O2 -g
COMMON_CFLAGS = -std=gnu11 $(WARNINGS) $(DEFINES) $(INCLUDES) $(PACKAGE_CFLAGS)
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
HARDENED_LINK := -pie -Wl,-z,relro,-z,now
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
SANITIZE_CFLAGS := -O1 -g -fno-omit-frame-pointer $(SANITIZE)
FUZZ_CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
BPF_CFLAGS = -target bpf -mcpu=v3 -O2 -g -std=gnu11 $(WARNINGS) -Iinclude -I. \
	-I/usr/include/$(MULTIARCH)

# ---- for people ----------------------------------------------------------------------------------

.PHONY: all help setup test unit fuzz prog netns generations kill bench scoreboard mutants check tidy format lab demo install \
	clean tests vm

all: build/edgegate ## build edgegate (default)

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'Variables: V=1 shows commands; ONLY=PATTERN picks test files; STRICT=1 fails on a skipped test;'
	@echo '           BENCH=PART,... what to measure; see scripts/bench;'
	@echo '           JOBS=N test files at a time, else as many as there are processors;'
	@echo '           FUZZ=TARGET,..., FUZZ_SECONDS=N (600) and, for the target property, FUZZ_PACKETS=N (10 million);'
	@echo '           prefix=DIR and DESTDIR=DIR say where to install.'

setup: ## install the missing Debian packages, check the kernel's features (root)
	@scripts/setup

demo: ## set up, build, and show a gate at work in namespaces of its own (root)
	@scripts/setup
	@$(MAKE) all
	@scripts/demo

test: ## set up, build, and run every test (root); the last line is the sum
	@scripts/setup
	@$(MAKE) all tests
	@TIDY_MODE=shallow scripts/run-tests unit fuzz prog netns check vm

unit: $(UNIT_TESTS) ## run the unit tests
	@scripts/run-tests unit

# A line a fuzzer.
fuzz: $(FUZZERS) build/property/property ## fuzz packets and policies, 10 minutes each or as long as one likes; the programs against the model
	@scripts/fuzz

prog: $(PROG_TESTS) ## run the packet path's tests, on the real programs (root)
	@scripts/run-tests prog

netns: build/edgegate build/asan/edgegate $(OTHER) $(TEST_BPF_OBJECTS) $(TEST_TOOLS) $(AGREE) ## run the tests in network namespaces (root)
	@scripts/run-tests netns

# bats gives up on a test after that many seconds.
generations: build/edgegate $(OTHER) $(TEST_TOOLS) ## apply 1,000 times under traffic, with rollbacks, mode flips and upgrades (root; a few minutes)
	@EDGEGATE_APPLIES=$(or $(EDGEGATE_APPLIES),1000) BATS_TEST_TIMEOUT=1800 TEST_TIMEOUT=1800 ONLY=generations scripts/run-tests netns

kill: build/edgegate $(OTHER) $(TEST_TOOLS) ## kill edgegate at every single system call, refuse every single bpf(2) (root; hours)
	@KILL_ALL=$(or $(KILL_ALL),1) BATS_TEST_TIMEOUT=7200 TEST_TIMEOUT=36000 ONLY='netns/@(kill|refused).bats' scripts/run-tests netns

bench: build/edgegate $(BENCHES) $(BENCH_TABULATE) $(TEST_BPF_OBJECTS) $(TEST_TOOLS) ## measure everything, or BENCH=PART,... (root; about 8 minutes, and nothing else should run)
	@scripts/bench

vm: all tests ## boot Debian's kernels in QEMU, and run the packet path's and the namespaces' tests in each (hours: they are emulated)
	@scripts/vm

scoreboard: build/edgegate $(WIRE) $(TEST_BPF_OBJECTS) ## run the corpus of evasions against edgegate and its peers on a wire; writes docs/scoreboard.md (root)
	@scripts/scoreboard

mutants: ## break the packet path on purpose, show which test notices (root; about half an hour)
	@TABLE='$(TABLE)' scripts/mutants '$(ONLY)'

check: $(GENERATED) $(SKELETONS) build/compile_commands.json ## check rooms, style and sources without running anything
	@scripts/run-tests check

format: ## let clang-format have its way
	$(call say,FORMAT,bpf include user tests)
	$(Q)$(if $(FORMATTED),$(CLANG_FORMAT) -i $(FORMATTED))

lab: build/edgegate ## a shell beside two namespaces to play in (root)
	@scripts/lab

install: build/edgegate $(UNITS) ## install to DESTDIR and prefix, with the units for systemd
	$(call say,INSTALL,$(DESTDIR)$(sbindir)/edgegate)
	$(Q)install -D -m 755 build/edgegate '$(DESTDIR)$(sbindir)/edgegate'
	$(Q)install -d '$(DESTDIR)$(datadir)/edgegate/policies'
	$(Q)install -m 644 $(BUILTINS) '$(DESTDIR)$(datadir)/edgegate/policies'
	$(call say,INSTALL,$(DESTDIR)$(systemdunitdir)/edgegate@.service)
	$(Q)install -d '$(DESTDIR)/etc/edgegate' '$(DESTDIR)$(systemdunitdir)/sysinit.target.wants'
	$(Q)install -D -m 755 build/systemd/apply-unit '$(DESTDIR)$(libexecdir)/edgegate/apply-unit'
	$(Q)install -m 644 $(filter-out %/apply-unit,$(UNITS)) '$(DESTDIR)$(systemdunitdir)'
	$(Q)ln -sf ../edgegate.target '$(DESTDIR)$(systemdunitdir)/sysinit.target.wants/edgegate.target'

clean: ## remove build/
	$(call say,CLEAN,build)
	$(Q)rm -rf build

# All that the tests need, built but not run.
tests: $(UNIT_TESTS) $(FUZZERS) $(PROG_TESTS) build/asan/edgegate build/edgegate $(OTHER) $(TEST_BPF_OBJECTS) $(TEST_TOOLS) $(AGREE) \
	$(GENERATED) $(SKELETONS) build/compile_commands.json

# ---- stamps: what is built is built anew when its flags or its list of sources change ------------

build/flags: FORCE
	@mkdir -p build
	@$(PKG_CONFIG) --exists $(PACKAGES) || { \
		echo 'edgegate: cannot build: pkg-config does not find all of $(PACKAGES)' >&2; \
		echo 'Run `make setup` as root: it installs what is missing.' >&2; exit 1; }
	@echo '$(subst ','\'',$(CC) $(COMMON_CFLAGS) $(CFLAGS) $(HARDENING) $(SANITIZE_CFLAGS) $(LDFLAGS) $(CLANG) $(FUZZ_CFLAGS) $(BPF_CFLAGS))' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

build/sources: FORCE
	@mkdir -p build
	@echo '$(C_SOURCES) $(BUILTINS) $(TEST_LIB_SOURCES) $(UNIT_SOURCES) $(PROG_SOURCES) $(FUZZ_SOURCES)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

.PHONY: FORCE
FORCE:

# ---- the packet path -----------------------------------------------------------------------------

build/%.bpf.o: %.bpf.c build/flags
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

build/skel/%.skel.h: build/bpf/%.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q){ echo '/* NOLINTBEGIN */' && $(BPFTOOL) gen skeleton $< name $* && echo '/* NOLINTEND */'; } >$@

# ---- user space ----------------------------------------------------------------------------------

build/gen/builtin_policies.c: scripts/embed-policies $(BUILTINS) build/sources
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)scripts/embed-policies $(BUILTINS) >$@

build/gen/page.html: scripts/embed-page $(wildcard user/serve/page/*)
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)scripts/embed-page join user/serve/page/page.html >$@

build/gen/page.c: scripts/embed-page build/gen/page.html
	$(call say,GEN,$@)
	$(Q)scripts/embed-page code build/gen/page.html >$@

build/obj/%.o: %.c build/flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) $(CFLAGS) $(HARDENING) -MMD -MP -c $< -o $@

build/obj/gen/%.o: build/gen/%.c build/flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) $(CFLAGS) $(HARDENING) -MMD -MP -c $< -o $@

build/asan/obj/%.o: %.c build/flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) $(SANITIZE_CFLAGS) -MMD -MP -c $< -o $@

build/asan/obj/gen/%.o: build/gen/%.c build/flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) $(SANITIZE_CFLAGS) -MMD -MP -c $< -o $@

# Only these may include a skeleton; the other rooms don't wait for the packet path.
SKELETON_READERS := $(filter user/kernel/%,$(USER_SOURCES)) $(PROG_SOURCES) $(BENCH_SOURCES) $(TEST_LIB_SOURCES) \
	$(PROPERTY_MAIN) $(AGREE_SOURCES)
$(call objects,build/obj,$(SKELETON_READERS)) $(call objects,build/asan/obj,$(SKELETON_READERS)): | $(SKELETONS)

build/edgegate: $(call objects,build/obj,$(C_SOURCES)) build/sources
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDENED_LINK) $(LDFLAGS) $(filter %.o,$^) $(PACKAGE_LIBS) -o $@

build/asan/edgegate: $(call objects,build/asan/obj,$(C_SOURCES)) build/sources
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) $(filter %.o,$^) $(PACKAGE_LIBS) -o $@

# ---- systemd's units: where things are installed is written into them ----------------------------

$(UNITS): build/%: %.in build/systemd/directories
	$(call say,GEN,$@)
	$(Q)sed -e 's|@sbindir@|$(sbindir)|g' -e 's|@libexecdir@|$(libexecdir)|g' $< >$@

build/systemd/directories: FORCE
	@mkdir -p build/systemd
	@echo '$(sbindir) $(libexecdir)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# ---- another edgegate -----------------------------------------------------------------------------
#
# For the tests of upgrades: a later version, whose programs differ in a constant that changes no verdict.
# Only what knows the programs or the version is compiled anew.

OTHER_VERSION := 0.2.0-test
OTHER_SOURCES := $(shell grep -lE 'skel\.h|EDGEGATE_VERSION' $(USER_SOURCES))
OTHER_SKELETONS := build/other/skel/edgegate_xdp.skel.h build/other/skel/edgegate_tc.skel.h

build/other/bpf/state.h: bpf/state.h
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)sed 's/^#define STATE_RACES_MAX 8 /#define STATE_RACES_MAX 9 /' $< >$@
	$(Q)! cmp -s $< $@ || { echo '$<: nothing to change in it for another edgegate' >&2; rm $@; exit 1; }

build/other/%.bpf.o: bpf/%.bpf.c build/other/bpf/state.h build/flags
	$(call say,BPF,$@)
	$(Q)$(CLANG) -Ibuild/other $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

build/other/skel/%.skel.h: build/other/%.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $* >$@

build/other/obj/%.o: %.c build/flags $(OTHER_SKELETONS) | $(SKELETONS)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(subst "$(VERSION)","$(OTHER_VERSION)",-Ibuild/other/skel $(COMMON_CFLAGS)) $(CFLAGS) $(HARDENING) \
		-MMD -MP -c $< -o $@

$(OTHER): $(call objects,build/other/obj,$(OTHER_SOURCES)) \
		$(call objects,build/obj,$(filter-out $(OTHER_SOURCES),$(C_SOURCES))) build/sources
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDENED_LINK) $(LDFLAGS) $(filter %.o,$^) $(PACKAGE_LIBS) -o $@

# ---- tests ---------------------------------------------------------------------------------------

# harness.o is part of every test program; of the rest of tests/lib each takes what it uses.
HARNESS := tests/lib/harness.c
build/asan/testlib.a: $(call objects,build/asan/obj,$(filter-out $(HARNESS),$(TEST_LIB_SOURCES)))
build/testlib.a: $(call objects,build/obj,$(filter-out $(HARNESS),$(TEST_LIB_SOURCES)))
build/asan/testlib.a build/testlib.a: build/sources
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(UNIT_TESTS): build/tests/%: build/asan/obj/tests/%.o $(call objects,build/asan/obj,$(HARNESS) $(PURE)) \
		build/asan/testlib.a build/sources
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) $(filter %.o %.a,$^) $(TEST_LIBS) $(PURE_LIBS) -o $@

$(PROG_TESTS): build/tests/%: build/asan/obj/tests/%.o $(call objects,build/asan/obj,$(HARNESS) $(NOT_MAIN)) \
		build/asan/testlib.a build/sources
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) $(filter %.o %.a,$^) $(TEST_LIBS) $(PACKAGE_LIBS) -o $@

# What bats files run beside real programs.
$(TEST_TOOLS): build/%: build/obj/%.o
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(HARDENED_LINK) $(LDFLAGS) $< -Wl,--as-needed $(PACKAGE_LIBS) -o $@

$(BENCHES) $(BENCH_TABULATE): build/%: build/obj/tests/%.o $(call objects,build/obj,$(BENCH_LIB) $(NOT_MAIN)) build/testlib.a build/sources
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(HARDENED_LINK) $(LDFLAGS) $(filter %.o %.a,$^) -lcmocka $(PACKAGE_LIBS) -o $@

# The property test without sanitizers, for as long as one likes.
build/property/property: $(call objects,build/obj,$(PROPERTY_MAIN) $(NOT_MAIN)) build/testlib.a build/sources
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(HARDENED_LINK) $(LDFLAGS) $(filter %.o %.a,$^) -lcmocka $(PACKAGE_LIBS) -o $@

$(WIRE): $(call objects,build/obj,$(WIRE_SOURCES)) build/testlib.a build/sources
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(HARDENED_LINK) $(LDFLAGS) $(filter %.o %.a,$^) -lcmocka -o $@

$(AGREE): $(call objects,build/asan/obj,$(AGREE_SOURCES) $(NOT_MAIN)) build/asan/testlib.a build/sources
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) $(filter %.o %.a,$^) -lcmocka $(PACKAGE_LIBS) -o $@

# ---- fuzzing: clang's, with objects of their own ---------------------------------------------------

build/fuzz/obj/%.o: %.c build/flags
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(COMMON_CFLAGS) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

build/fuzz/obj/gen/%.o: build/gen/%.c build/flags
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(COMMON_CFLAGS) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

build/fuzz/pure.a: $(call objects,build/fuzz/obj,$(PURE)) build/sources
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

# Without clang's library for it there is nothing to link, and scripts/fuzz says so.
build/fuzz/fuzz_%: build/fuzz/obj/tests/fuzz/fuzz_%.o build/fuzz/pure.a
	$(call say,LINK,$@)
	$(Q)if CLANG='$(CLANG)' scripts/fuzz --has-runtime; then \
		$(CLANG) -fsanitize=fuzzer,address,undefined $^ $(PURE_LIBS) -o $@; else rm -f $@; fi

# A capture goes all the way to the programs.
FUZZ_CAPTURE := $(filter user/kernel/% user/verb/common_% user/verb/replay_%,$(NOT_MAIN))
$(call objects,build/fuzz/obj,$(FUZZ_CAPTURE) tests/fuzz/fuzz_capture.c): | $(SKELETONS)
build/fuzz/product.a: $(call objects,build/fuzz/obj,$(FUZZ_CAPTURE)) build/sources
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

build/fuzz/fuzz_capture: build/fuzz/obj/tests/fuzz/fuzz_capture.o build/fuzz/product.a build/fuzz/pure.a
	$(call say,LINK,$@)
	$(Q)if CLANG='$(CLANG)' scripts/fuzz --has-runtime; then \
		$(CLANG) -fsanitize=fuzzer,address,undefined $^ $(PACKAGE_LIBS) -o $@; else rm -f $@; fi

build/fuzz/seed_packet: $(call objects,build/obj,tests/fuzz/seed_packet.c tests/lib/frame.c tests/lib/frame_words.c)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(HARDENED_LINK) $(LDFLAGS) $^ -lcmocka -o $@

build/fuzz/seed_capture: $(call objects,build/obj,tests/fuzz/seed_capture.c tests/lib/capture_bytes.c tests/lib/frame.c \
		tests/lib/frame_words.c)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(HARDENED_LINK) $(LDFLAGS) $^ -lcmocka -o $@

# ---- clang-tidy and editors ----------------------------------------------------------------------

# A source is looked at again when its object had to be made again, which follows its headers. The analyzer takes nine
# tenths of the time if it looks deep: `make check` lets it, `make test` does not, and looks at the product's own sources alone; of
# tests, which run under sanitizers, the analyzer sees nothing.
TIDY_MODE ?= deep
TIDIED := $(USER_SOURCES) $(UNIT_SOURCES) $(PROG_SOURCES) $(wildcard tests/bench/*.c) $(WIRE_SOURCES) $(AGREE_SOURCES) $(FUZZ_SOURCES) \
	$(TEST_LIB_SOURCES) $(wildcard tests/tools/*.c) $(PROPERTY_MAIN)
tidy: $(patsubst %,build/tidy/$(TIDY_MODE)/%.ok,$(if $(filter shallow,$(TIDY_MODE)),$(USER_SOURCES),$(TIDIED)))

build/tidy/$(TIDY_MODE)/%.c.ok: %.c build/asan/obj/%.o .clang-tidy
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG_TIDY) --quiet $(if $(filter tests/%,$<),--checks='-clang-analyzer-*', \
		$(patsubst %,--extra-arg=%,-Xclang -analyzer-config -Xclang mode=$(TIDY_MODE))) $< -- -std=gnu11 $(DEFINES) $(INCLUDES) $(PACKAGE_CFLAGS) \
		2> >(grep -v ' warnings\? generated\.$$' >&2)
	@touch $@

build/compile_commands.json: scripts/compile-commands build/flags build/sources
	$(call say,GEN,$@)
	$(Q)scripts/compile-commands '$(CLANG) $(BPF_CFLAGS)' $(BPF_SOURCES) $(TEST_LIB_BPF) >$@.bpf
	$(Q)scripts/compile-commands '$(CC) -std=gnu11 -Wall -Wextra $(subst ','\'',$(DEFINES)) $(INCLUDES) $(PACKAGE_CFLAGS)' \
		$(TIDIED) >$@.user
	$(Q){ echo '['; cat $@.bpf $@.user | sed '$$!s/$$/,/'; echo ']'; } >$@
	@rm $@.bpf $@.user

-include $(shell find build -name '*.d' 2>/dev/null)
