// Umbrella: training supernets, scoring and searching architectures, latency.
#pragma once

#include "nas/constraint.h"
#include "nas/evaluator.h"
#include "nas/evolution.h"
#include "nas/latency.h"
#include "nas/latency_data.h"
#include "nas/model_loss.h"
#include "nas/pareto.h"
#include "nas/predictor.h"
#include "nas/sampler.h"
#include "nas/search.h"
#include "nas/statistics.h"
#include "nas/trainer.h"
#include "nas/trainer_target.h"
