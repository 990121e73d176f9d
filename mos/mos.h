// Umbrella: search spaces, architectures, supernets and their diagnostics.
#pragma once

#include "mos/arch.h"
#include "mos/bert_arch.h"
#include "mos/bert_cost.h"
#include "mos/cost.h"
#include "mos/diagnostics.h"
#include "mos/encoding.h"
#include "mos/mixture.h"
#include "mos/router.h"
#include "mos/space.h"
#include "mos/super_bert.h"
#include "mos/supernet.h"
#include "mos/translation.h"
