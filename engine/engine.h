// All an embedding program needs of the engine.
#pragma once

#include "engine/autograd/gradcheck.h"
#include "engine/autograd/inspect.h"
#include "engine/autograd/nan_guard.h"
#include "engine/autograd/node.h"
#include "engine/autograd/recompute.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/random.h"
#include "engine/core/tensor.h"
#include "engine/cpu/isa.h"
#include "engine/io/safetensors.h"
#include "engine/ops/ops.h"
#include "engine/ops/recurrent.h"
#include "engine/ops/rotary.h"
