# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
#	make			build/alloctap
#	make demo		install what is missing, build, record a bundled Go program
#	make demo-fixed		record it again with its maps put right, and compare
#	make check		install test needs, build, lint, run every test
#	make check-kernels	of these, those that boot Linux 6.1 and 6.12 in QEMU
#	make bench fuzz lint install clean
#
# Everything built lives under build/. V=1 shows the commands.

BUILD	:= build
PREFIX	?= /usr/local
DESTDIR	?=
CC	?= gcc
CLANG	?= clang
BPFTOOL	?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool) bpftool)
PYTHON	?= /usr/bin/python3
VERSION	:= $(shell git describe --always --dirty --tags 2>/dev/null || echo unknown)

ifeq ($(V),1)
Q =
msg =
else
Q = @
msg = @printf '  %-8s %s\n' "$(1)" "$(patsubst $(BUILD)/%,%,$(2))";
endif

# What uname calls x86_64 the kernel's sources call x86.
ARCH := $(shell uname -m | sed -e s/x86_64/x86/ -e s/aarch64/arm64/)

WARN	:= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
# CI=true in .ci/run: a warning fails the build there, not on a newer compiler elsewhere.
WARN	+= $(if $(CI),-Werror)
INC	:= -Iuser -Ibpf -I$(BUILD)/gen
CFLAGS	?= -O2 -g
STD	:= -std=gnu17 -D_GNU_SOURCE
LIBS	:= -lbpf -ldw -lelf -liberty -lprotobuf-c -lz -llzma

# Maps must be defined before they are used: libbpf 1.1 makes none of the others.
BPF_SRC	:= bpf/target.bpf.c $(filter-out bpf/target.bpf.c,$(wildcard bpf/*.bpf.c))
USER_SRC := $(wildcard user/*/*.c)
LIB_SRC	:= $(filter-out user/cmd/main.c,$(USER_SRC))
PROTO	:= $(wildcard user/*/*.proto)
ASSETS	:= $(wildcard user/export/viewer/viewer.*)

GEN_SRC	:= $(PROTO:user/%.proto=$(BUILD)/gen/%.pb-c.c)
GEN	:= $(GEN_SRC) $(BUILD)/gen/alloctap.skel.h $(BUILD)/gen/version.h

# One tree of objects per flavour: plain for the program, san for unit tests
# (AddressSanitizer, UBSan), fuzz for libFuzzer.
OBJ	= $(LIB_SRC:%.c=$(BUILD)/$(1)/%.o) $(GEN_SRC:$(BUILD)/%.c=$(BUILD)/$(1)/%.o)
ASSET_OBJ := $(if $(ASSETS),$(BUILD)/gen/export/viewer.o)
SAN	:= -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT	:= $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ	:= $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/tests/%)

.PHONY: all
all: $(BUILD)/alloctap

.DELETE_ON_ERROR:
.SECONDARY:

# --- kernel side: one object per concern, linked into one skeleton ------------

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	$(call msg,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra \
		-Ivmlinux -Ibpf -MMD -MP -c $< -o $@

$(BUILD)/bpf/alloctap.linked.o: $(BPF_SRC:bpf/%.bpf.c=$(BUILD)/bpf/%.bpf.o)
	$(call msg,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/gen/alloctap.skel.h: $(BUILD)/bpf/alloctap.linked.o
	$(call msg,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name alloctap_bpf > $@

# --- generated sources -----------------------------------------------------

$(BUILD)/gen/%.pb-c.c: user/%.proto
	$(call msg,PROTO,$@)
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=user --c_out=$(BUILD)/gen $<

$(BUILD)/gen/export/viewer.o: $(ASSETS)
	$(call msg,EMBED,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -r -b binary -z noexecstack -o $@ $^

.PHONY: FORCE
$(BUILD)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@echo '#define ALLOCTAP_VERSION "$(VERSION)"' > $@.tmp
	@cmp -s $@ $@.tmp && rm $@.tmp || mv $@.tmp $@

# --- user side -------------------------------------------------------------

$(BUILD)/obj/%.o: %.c | $(GEN)
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CFLAGS) $(WARN) $(INC) -MMD -MP -c $< -o $@

$(BUILD)/san/%.o: %.c | $(GEN)
	$(call msg,CC-SAN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(SAN) $(WARN) $(INC) -MMD -MP -c $< -o $@

$(BUILD)/fuzz/%.o: %.c | $(GEN)
	$(call msg,CC-FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(STD) $(SAN) -fsanitize=fuzzer-no-link $(INC) -MMD -MP -c $< -o $@

# protoc-c's output is not ours to keep free of warnings.
define generated_object
$(BUILD)/$(1)/gen/%.o: $(BUILD)/gen/%.c
	$$(call msg,CC-GEN,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(STD) $(3) -w $(INC) -c $$< -o $$@
endef
$(eval $(call generated_object,obj,$(CC),$(CFLAGS)))
$(eval $(call generated_object,san,$(CC),$(SAN)))
$(eval $(call generated_object,fuzz,$(CLANG),$(SAN) -fsanitize=fuzzer-no-link))

$(BUILD)/%/liballoctap.a:
	$(call msg,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(BUILD)/obj/liballoctap.a: $(call OBJ,obj) $(ASSET_OBJ)
$(BUILD)/san/liballoctap.a: $(call OBJ,san) $(ASSET_OBJ)
$(BUILD)/fuzz/liballoctap.a: $(call OBJ,fuzz) $(ASSET_OBJ)

$(BUILD)/alloctap: $(BUILD)/obj/user/cmd/main.o $(BUILD)/obj/liballoctap.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/tests/test_%: $(BUILD)/san/tests/unit/test_%.o $(BUILD)/san/liballoctap.a
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SAN) $^ $(LIBS) -lcmocka -o $@

# What tests/e2e/test_symbols.py, test_types.py, test_native_names.py and test_rows.py ask.
DUMP	:= $(addprefix $(BUILD)/tests/,symdump typedump namedump rowdump)
$(DUMP): $(BUILD)/tests/%: $(BUILD)/obj/tests/e2e/%.o $(BUILD)/obj/liballoctap.a
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/tests/fuzz_%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(BUILD)/fuzz/liballoctap.a
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(SAN) -fsanitize=fuzzer $^ $(LIBS) -o $@

# --- what people type ------------------------------------------------------

.PHONY: deps demo demo-fixed check check-kernels unit e2e bench fuzz lint format install clean
deps:
	@tools/install-deps build

demo:
	@tools/install-deps build go
	@$(MAKE) --no-print-directory all
	@tools/demo

demo-fixed:
	@tools/install-deps build go
	@$(MAKE) --no-print-directory all
	@tools/demo fixed

check:
	@tools/install-deps build go test kernel
	@$(MAKE) --no-print-directory all unit-binaries fuzz-binaries
	@tools/check

check-kernels:
	@tools/install-deps build go kernel
	@$(MAKE) --no-print-directory all
	@tools/check kernels

.PHONY: unit-binaries fuzz-binaries
unit-binaries: $(UNIT) $(DUMP)
fuzz-binaries: $(FUZZ)

unit: $(UNIT)
	@for t in $^; do $$t || exit 1; done

bench: all
	@tools/install-deps build go bench
	@tools/bench

# FUZZ_SECONDS per harness; the seeds are checked in under tests/fuzz/.
FUZZ_SECONDS ?= 300
fuzz: $(FUZZ)
	@tools/fuzz $(FUZZ_SECONDS) $^

lint:
	@tools/lint

format:
	clang-format -i $(wildcard bpf/*.[ch] user/*/*.[ch] tests/*/*.[ch])

install: all
	install -D -m 755 $(BUILD)/alloctap $(DESTDIR)$(PREFIX)/bin/alloctap

clean:
	rm -rf $(BUILD)

-include $(shell find $(addprefix $(BUILD)/,bpf obj san fuzz) -type f -name '*.d' 2>/dev/null)
