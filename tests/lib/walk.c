// SPDX-License-Identifier: GPL-2.0-only
/* The machine: registers, frames, instructions (Linux, Documentation/bpf/standardization/instruction-set.rst). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <string.h>

#include <edgegate/abi.h>

#include "edgegate_tc.skel.h"
#include "edgegate_xdp.skel.h"
#include "tests/lib/walk.h"
#include "tests/lib/walk_maps.h"

#define INSTRUCTIONS_MOST 1000000u /* what the verifier allows */

static const struct bpf_program *walk_program(const struct prog *prog, unsigned int hook,
					      enum direction direction)
{
	const struct edgegate_xdp *xdp = prog->object.xdp_skeletons[direction];
	const struct edgegate_tc *tc = prog->object.tc_skeletons[direction];

	if (hook == PROG_XDP)
		return direction == DIRECTION_IN ? xdp->progs.edgegate_in : xdp->progs.edgegate_out;
	return direction == DIRECTION_IN ? tc->progs.edgegate_in : tc->progs.edgegate_out;
}

size_t walk_length(const struct prog *prog, unsigned int hook, enum direction direction)
{
	return bpf_program__insn_cnt(walk_program(prog, hook, direction));
}

/* ---- memory -------------------------------------------------------------------------------------- */

/* Addresses are this process's own; the verifier has seen to it that they are good. */
static uint64_t walk_load(uint64_t from, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, (const void *)(uintptr_t)from, size); /* little endian */
	return value;
}

static void walk_store(uint64_t to, uint64_t value, size_t size)
{
	memcpy((void *)(uintptr_t)to, &value, size);
}

static size_t walk_size(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

/* The context holds addresses in fields of 32 bits: the kernel rewrites what reads them. */
static bool walk_load_context(const struct walk_machine *machine, uint64_t from, uint64_t *value)
{
	uint64_t at = from - (uint64_t)(uintptr_t)&machine->context;
	size_t data = machine->is_xdp ? offsetof(struct xdp_md, data) :
					offsetof(struct __sk_buff, data);
	size_t end = machine->is_xdp ? offsetof(struct xdp_md, data_end) :
				       offsetof(struct __sk_buff, data_end);

	if (at != data && at != end)
		return false;
	*value = (uint64_t)(uintptr_t)(machine->frame->bytes +
				       (at == end ? machine->frame->length : 0));
	return true;
}

/* ---- steps --------------------------------------------------------------------------------------- */

/* Nobody else is at it: one step after the other will do. */
static void walk_atomic(struct walk_machine *machine, const struct bpf_insn *insn)
{
	uint64_t at = machine->registers[insn->dst_reg] + (uint64_t)(int64_t)insn->off;
	uint64_t *from = &machine->registers[insn->src_reg];
	size_t size = walk_size(insn->code);
	uint64_t old = walk_load(at, size), new;

	switch (insn->imm & ~BPF_FETCH) {
	case BPF_ADD:
		new = old + *from;
		break;
	case BPF_OR:
		new = old | *from;
		break;
	case BPF_AND:
		new = old &*from;
		break;
	case BPF_XOR:
		new = old ^ *from;
		break;
	case BPF_XCHG & ~BPF_FETCH:
		new = *from;
		break;
	case BPF_CMPXCHG & ~BPF_FETCH:
		if (old == (size == 4 ? (uint32_t)machine->registers[0] : machine->registers[0]))
			walk_store(at, *from, size);
		machine->registers[0] = old;
		return;
	default:
		fail_msg("walk: atomic %#x is not known", insn->imm);
		return; /* not reached */
	}
	walk_store(at, new, size);
	if (insn->imm & BPF_FETCH)
		*from = old;
}

/* Two instructions that hold 64 bits: a number, or what libbpf has put there of a map. */
static uint64_t walk_constant(struct walk_machine *machine, const struct bpf_insn *insn)
{
	switch (insn->src_reg) {
	case 0:
		return (uint32_t)insn[0].imm | (uint64_t)(uint32_t)insn[1].imm << 32;
	case BPF_PSEUDO_MAP_FD:
		return (uint64_t)(uintptr_t)walk_map(machine, insn->imm);
	case BPF_PSEUDO_MAP_VALUE:
		return (uint64_t)(uintptr_t)walk_map_value(machine, insn->imm) +
		       (uint32_t)insn[1].imm;
	default:
		fail_msg("walk: a constant of kind %u is not known", insn->src_reg);
		return 0; /* not reached */
	}
}

static void walk_move(struct walk_machine *machine, const struct bpf_insn *insn)
{
	uint64_t *to = &machine->registers[insn->dst_reg],
		 *from = &machine->registers[insn->src_reg];
	uint64_t off = (uint64_t)(int64_t)insn->off;
	size_t size = walk_size(insn->code);

	if (BPF_CLASS(insn->code) == BPF_LDX) {
		if (!walk_load_context(machine, *from + off, to))
			*to = walk_load(*from + off, size);
	} else if (BPF_CLASS(insn->code) == BPF_ST) {
		walk_store(*to + off, (uint64_t)(int64_t)insn->imm, size);
	} else if (BPF_MODE(insn->code) == BPF_ATOMIC) {
		walk_atomic(machine, insn);
	} else {
		walk_store(*to + off, *from, size);
	}
}

/* What a function must find again when the one that it called is done. */
static void walk_enter(struct walk_machine *machine, size_t back)
{
	struct walk_frame *frame = &machine->frames[machine->depth];

	if (++machine->depth == WALK_FRAMES)
		fail_msg("walk: more than %u functions deep", WALK_FRAMES);
	frame->back = back;
	memcpy(frame->kept, &machine->registers[6], sizeof(frame->kept));
	machine->registers[10] =
		(uint64_t)(uintptr_t)(machine->stacks[machine->depth] + WALK_STACK);
}

static size_t walk_leave(struct walk_machine *machine)
{
	struct walk_frame *frame = &machine->frames[--machine->depth];

	memcpy(&machine->registers[6], frame->kept, sizeof(frame->kept));
	machine->registers[10] =
		(uint64_t)(uintptr_t)(machine->stacks[machine->depth] + WALK_STACK);
	return frame->back;
}

/* One that jumps, calls or returns. Gives the next one's place. */
static size_t walk_branch(struct walk_machine *machine, const struct bpf_insn *insn, size_t at)
{
	const uint64_t *registers = machine->registers;

	if (BPF_OP(insn->code) == BPF_EXIT)
		return walk_leave(machine);
	if (BPF_OP(insn->code) != BPF_CALL)
		return walk_jumps(insn, registers[insn->dst_reg],
				  BPF_SRC(insn->code) == BPF_X ? registers[insn->src_reg] :
								 (uint64_t)(int64_t)insn->imm) ?
			       at + 1 + (size_t)(int64_t)insn->off :
			       at + 1;
	if (insn->src_reg == BPF_PSEUDO_CALL) {
		machine->cost->calls++;
		walk_enter(machine, at + 1);
		return at + 1 + (size_t)(int64_t)insn->imm;
	}
	if (insn->src_reg)
		fail_msg("walk: a call of kind %u is not known", insn->src_reg);
	machine->cost->helpers++;
	walk_help(machine, insn->imm);
	return at + 1;
}

static size_t walk_step(struct walk_machine *machine, const struct bpf_insn *code, size_t at)
{
	const struct bpf_insn *insn = &code[at];
	uint64_t *to = &machine->registers[insn->dst_reg];

	machine->cost->instructions++;
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		if (insn->off)
			break; /* of a later instruction set */
		*to = walk_alu(insn, *to,
			       BPF_SRC(insn->code) == BPF_X ? machine->registers[insn->src_reg] :
							      (uint64_t)(int64_t)insn->imm);
		return at + 1;
	case BPF_LD:
		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			break;
		*to = walk_constant(machine, insn);
		return at + 2;
	case BPF_LDX:
		if (BPF_MODE(insn->code) != BPF_MEM)
			break;
		walk_move(machine, insn);
		return at + 1;
	case BPF_ST:
	case BPF_STX:
		walk_move(machine, insn);
		return at + 1;
	default:
		return walk_branch(machine, insn, at);
	}
	fail_msg("walk: instruction %#x is not known", insn->code);
	return 0; /* not reached */
}

static void walk_context(struct walk_machine *machine)
{
	const struct frame_bytes *frame = machine->frame;

	if (machine->is_xdp)
		return;
	machine->context.skb = (struct __sk_buff){
		.len = (uint32_t)frame->length,
		.protocol = (uint32_t)(frame->bytes[12] | frame->bytes[13] << 8),
		.gso_size = frame->gso_size,
		.gso_segs = frame->gso_segs,
	};
}

struct walk_end walk(struct prog *prog, unsigned int hook, const struct frame_bytes *frame,
		     bool testing, struct walk_cost *cost)
{
	static struct walk_machine machine;
	const struct bpf_program *program =
		walk_program(prog, hook, frame->out ? DIRECTION_OUT : DIRECTION_IN);
	const struct bpf_insn *code = bpf_program__insns(program);
	struct walk_end end = { 0 };
	size_t at = 0;

	machine = (struct walk_machine){
		.prog = prog,
		.frame = frame,
		.is_xdp = hook == PROG_XDP,
		.testing = testing,
		.cost = cost,
	};
	memset(cost, 0, sizeof(*cost));
	walk_context(&machine);
	prog_set_clock(prog, PROG_SHORT);
	walk_enter(&machine, SIZE_MAX);
	machine.registers[1] = (uint64_t)(uintptr_t)&machine.context;
	while (at != SIZE_MAX) {
		if (cost->instructions == INSTRUCTIONS_MOST)
			fail_msg("walk: more than %u instructions", INSTRUCTIONS_MOST);
		at = walk_step(&machine, code, at);
	}
	end.action = (int)machine.registers[0];
	if (testing)
		end.decision = walk_decision(&machine);
	walk_maps_free(&machine);
	return end;
}
