// The machine's roofs, measured: what arithmetic and memory give to a program that does nothing else. Shares
// of them say how much of it a kernel or a step uses. Threads are timed by their own processor time.
#pragma once

#include "engine/cpu/isa.h"

namespace mosaic::apps {

// GFLOP/s of f32 multiply-adds (two operations each) in registers, on threads() threads at once, with the
// vectors of an instruction set; the best of several runs. x86's baseline has no fused ones: there
// multiplications and additions run side by side. ArgumentError unless the processor has the instruction set.
double fma_roof(kernels::Isa isa = kernels::active_isa());

// GB/s of a copy between buffers that no cache holds, bytes read plus bytes written, on threads() threads;
// the best of several runs. Work whose tensors stay in a cache may exceed it.
double copy_roof();

}  // namespace mosaic::apps
