// Everything of mosaic::data: text, corpora, subwords, batches and scores, without a tensor.
#pragma once

#include "data/batch.h"
#include "data/cleaning.h"
#include "data/dataset.h"
#include "data/debian_corpus.h"
#include "data/metrics/bleu.h"
#include "data/metrics/tokenizers.h"
#include "data/parallel_corpus.h"
#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "data/text/subwords.h"
