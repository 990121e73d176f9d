// lstm_cell and gru_cell: one pass over the gates forward, one back.
#include "engine/ops/recurrent.h"

#include "engine/autograd/node.h"
#include "engine/kernels/kernels.h"
#include "engine/ops/check.h"
#include "engine/ops/half.h"
#include "engine/ops/row_target.h"

namespace mosaic {
namespace {

// `parts` sizes of width make a state.
void check_cell(const char* op, const Tensor& input, const Tensor& recurrent, const Tensor& state,
                const Tensor& mask, int64_t gates, int64_t parts) {
  check_defined(op, {&input, &recurrent, &state});
  check_float(op, {&input, &recurrent, &state});
  check<ShapeError>(input.rank() == 2 && input.shape() == recurrent.shape() && state.rank() == 2 &&
                        state.dim(0) == input.dim(0) && state.dim(1) % parts == 0 &&
                        input.dim(1) == state.dim(1) / parts * gates,
                    op, "input and recurrent {rows, ", gates, " * width} with state {rows, ", parts,
                    " * width} expected, got ", input.shape(), ", ", recurrent.shape(), " and ",
                    state.shape());
  if (!mask.defined()) return;
  check<DtypeError>(mask.dtype() == u8, op, "mask must be u8, got ", mask.dtype());
  check<DeviceError>(mask.device() == input.device(), op, "mask is on ", mask.device(), ", the rest on ",
                     input.device());
  check<ShapeError>(mask.shape() == Shape{input.dim(0)}, op, "states ", state.shape(), " need a mask {",
                    input.dim(0), "}, got ", mask.shape());
}

kernels::CellShape cell_shape(const Tensor& state, const Tensor& mask, int64_t parts) {
  return {.dtype = state.dtype(),
          .rows = state.dim(0),
          .width = state.dim(1) / parts,
          .mask = mask.defined() ? mask.data<uint8_t>() : nullptr,
          .mask_stride = mask.defined() ? mask.stride(0) : 0};
}

void lstm_backward(const Back& b) {
  const Tensor &gates = b.saved[0], &state = b.saved[1], &next = b.saved[2], &mask = b.saved[3];
  const Tensor dnext = as_rows(b.dy), dgates = empty_like(gates);
  const RowTarget dstate(b.sink, 2);
  kernels::sequence_kernels(gates.device())
      .lstm_grad({.shape = cell_shape(state, mask, 2),
                  .gates = gates.raw(),
                  .state = state.raw(),
                  .next = next.raw(),
                  .dnext = dnext.raw(),
                  .state_stride = rows_of(state).row_stride,
                  .dnext_stride = rows_of(dnext).row_stride,
                  .dgates = dgates.raw(),
                  .dstate = dstate.data(),
                  .dstate_stride = dstate.row_stride(),
                  .dstate_add = dstate.add()});
  dstate.finish();
  for (const size_t i : {0, 1}) {
    if (b.sink.wants(i)) b.sink.add(i, dgates);
  }
}

void gru_backward(const Back& b) {
  const Tensor &gates = b.saved[0], &recurrent = b.saved[1], &state = b.saved[2], &mask = b.saved[3];
  const Tensor dnext = as_rows(b.dy), dinput = empty_like(gates), drecurrent = empty_like(gates);
  const RowTarget dstate(b.sink, 2);
  kernels::sequence_kernels(gates.device())
      .gru_grad({.shape = cell_shape(state, mask, 1),
                 .gates = gates.raw(),
                 .recurrent = recurrent.raw(),
                 .state = state.raw(),
                 .dnext = dnext.raw(),
                 .recurrent_stride = rows_of(recurrent).row_stride,
                 .state_stride = rows_of(state).row_stride,
                 .dnext_stride = rows_of(dnext).row_stride,
                 .dinput = dinput.raw(),
                 .drecurrent = drecurrent.raw(),
                 .dstate = dstate.data(),
                 .dstate_stride = dstate.row_stride(),
                 .dstate_add = dstate.add()});
  dstate.finish();
  if (b.sink.wants(0)) b.sink.add(0, dinput);
  if (b.sink.wants(1)) b.sink.add(1, drecurrent);
}

}  // namespace

Tensor lstm_cell(const Tensor& input, const Tensor& recurrent, const Tensor& state, const Tensor& mask) {
  constexpr const char* op = "lstm_cell";
  check_cell(op, input, recurrent, state, mask, 4, 2);
  if (is_half(input.dtype())) {
    return lstm_cell(widened(input), widened(recurrent), widened(state), mask).to(input.dtype());
  }
  const Tensor x = as_rows(input), u = as_rows(recurrent), s = as_rows(state), next = empty_like(state);
  const bool grad = wants_grad({&input, &recurrent, &state});
  const Tensor gates = grad ? empty_like(input) : Tensor();
  kernels::sequence_kernels(x.device())
      .lstm({.shape = cell_shape(s, mask, 2),
             .input = x.raw(),
             .recurrent = u.raw(),
             .state = s.raw(),
             .input_stride = rows_of(x).row_stride,
             .recurrent_stride = rows_of(u).row_stride,
             .state_stride = rows_of(s).row_stride,
             .next = next.raw(),
             .gates = grad ? gates.raw() : nullptr});
  if (!grad) return next;
  return record({.op = op,
                 .inputs = {input, recurrent, state},
                 .saved = {gates, s, next, mask},
                 .backward = lstm_backward},
                next);
}

Tensor gru_cell(const Tensor& input, const Tensor& recurrent, const Tensor& state, const Tensor& mask) {
  constexpr const char* op = "gru_cell";
  check_cell(op, input, recurrent, state, mask, 3, 1);
  if (is_half(input.dtype())) {
    return gru_cell(widened(input), widened(recurrent), widened(state), mask).to(input.dtype());
  }
  const Tensor x = as_rows(input), u = as_rows(recurrent), s = as_rows(state), next = empty_like(state);
  const bool grad = wants_grad({&input, &recurrent, &state});
  const Tensor gates = grad ? empty_like(input) : Tensor();
  kernels::sequence_kernels(x.device())
      .gru({.shape = cell_shape(s, mask, 1),
            .input = x.raw(),
            .recurrent = u.raw(),
            .state = s.raw(),
            .input_stride = rows_of(x).row_stride,
            .recurrent_stride = rows_of(u).row_stride,
            .state_stride = rows_of(s).row_stride,
            .next = next.raw(),
            .gates = grad ? gates.raw() : nullptr});
  if (!grad) return next;
  return record(
      {.op = op, .inputs = {input, recurrent, state}, .saved = {gates, u, s, mask}, .backward = gru_backward},
      next);
}

}  // namespace mosaic
