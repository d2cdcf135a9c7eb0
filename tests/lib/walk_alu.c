// SPDX-License-Identifier: GPL-2.0-only
/* Arithmetic and comparisons of walk.c's machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/walk_maps.h"

static uint64_t walk_swap(const struct bpf_insn *insn, uint64_t value)
{
	bool is_big = BPF_SRC(insn->code) == BPF_TO_BE;

	switch (insn->imm) {
	case 16:
		return is_big ? __builtin_bswap16((uint16_t)value) : (uint16_t)value;
	case 32:
		return is_big ? __builtin_bswap32((uint32_t)value) : (uint32_t)value;
	default:
		return is_big ? __builtin_bswap64(value) : value;
	}
}

static uint64_t walk_shift_signed(uint64_t value, uint64_t by, bool is_32)
{
	return is_32 ? (uint64_t)(uint32_t)((int32_t)value >> (by & 31)) :
		       (uint64_t)((int64_t)value >> (by & 63));
}

uint64_t walk_alu(const struct bpf_insn *insn, uint64_t to, uint64_t from)
{
	bool is_32 = BPF_CLASS(insn->code) == BPF_ALU;
	uint64_t result;

	if (BPF_OP(insn->code) == BPF_END)
		return walk_swap(insn, to);
	if (is_32) {
		to = (uint32_t)to;
		from = (uint32_t)from;
	}
	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		result = to + from;
		break;
	case BPF_SUB:
		result = to - from;
		break;
	case BPF_MUL:
		result = to * from;
		break;
	case BPF_DIV:
		result = from ? to / from : 0;
		break;
	case BPF_MOD:
		result = from ? to % from : to;
		break;
	case BPF_OR:
		result = to | from;
		break;
	case BPF_AND:
		result = to & from;
		break;
	case BPF_XOR:
		result = to ^ from;
		break;
	case BPF_LSH:
		result = to << (from & (is_32 ? 31 : 63));
		break;
	case BPF_RSH:
		result = to >> (from & (is_32 ? 31 : 63));
		break;
	case BPF_ARSH:
		result = walk_shift_signed(to, from, is_32);
		break;
	case BPF_NEG:
		result = 0 - to;
		break;
	case BPF_MOV:
		result = from;
		break;
	default:
		fail_msg("walk: arithmetic %#x is not known", insn->code);
		return 0; /* not reached */
	}
	return is_32 ? (uint32_t)result : result;
}

bool walk_jumps(const struct bpf_insn *insn, uint64_t one, uint64_t two)
{
	bool is_32 = BPF_CLASS(insn->code) == BPF_JMP32;
	int64_t signed_one = is_32 ? (int32_t)one : (int64_t)one;
	int64_t signed_two = is_32 ? (int32_t)two : (int64_t)two;

	if (is_32) {
		one = (uint32_t)one;
		two = (uint32_t)two;
	}
	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return one == two;
	case BPF_JNE:
		return one != two;
	case BPF_JGT:
		return one > two;
	case BPF_JGE:
		return one >= two;
	case BPF_JLT:
		return one < two;
	case BPF_JLE:
		return one <= two;
	case BPF_JSET:
		return one & two;
	case BPF_JSGT:
		return signed_one > signed_two;
	case BPF_JSGE:
		return signed_one >= signed_two;
	case BPF_JSLT:
		return signed_one < signed_two;
	case BPF_JSLE:
		return signed_one <= signed_two;
	default:
		fail_msg("walk: jump %#x is not known", insn->code);
		return false; /* not reached */
	}
}
