#!/usr/bin/env python3
"""BERT directories of Hugging Face's transformers, in both directions.

usage: bert_hf.py golden [FOLDER]    what transformers writes and computes (default: tests/golden/bert_hf)
       bert_hf.py compare FOLDER     what transformers makes of directories that Mosaic wrote

golden makes two random models with their tokenizers: "mlm", as today's transformers writes it, and
"classifier", with the names of old checkpoints, special tokens in odd places and more rows than tokens. Beside
each directory NAME lies NAME.safetensors with the texts, their ids and the logits in double precision.

compare reads the same pairs, written by Mosaic's tests:
    MOSAIC_HF_OUT=FOLDER build/release/tests/apps/apps_tests -tc='*transformers opens*'
and fails unless both tokenizers of AutoTokenizer give Mosaic's ids and the model its logits.

Made with transformers 4.44.2 and Debian's python3-torch 1.13. Without torch compare looks at tokens only.
"""
import json
import pathlib
import string
import sys

import numpy
import transformers
from safetensors import safe_open
from safetensors.numpy import save_file

WORDS = ["the", "dog", "un", "##aff", "##able", "ran", "play", "##ing", "##ed", "cafe", "na", "##ive", "Berlin",
         "中", "国", "café", "Über", "uber"]
TEXTS = [["The dogs ran unaffable, playing."], ["Café naïve Über!", "Berlin 中国 played... 42"],
         ["a [MASK] dog", "x" * 101 + " end\tof\u00a0line"], ["smile \U0001f600 \u0301e\u0301 don't"]]
TOLERANCE = 1e-5    # of the largest logit


def vocabulary(special_first):
    letters = string.ascii_lowercase + ("" if special_first else string.ascii_uppercase)
    plain = list(letters) + ["##" + c for c in letters] + list(string.digits) + list("[].,!'?") + WORDS
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return special + plain if special_first else plain[:3] + special[::-1] + plain[3:]


def golden(folder):
    import torch
    torch.manual_seed(5)
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)

    def scramble(model):
        for name, parameter in model.named_parameters():
            torch.nn.init.normal_(parameter, 1.0 if name.endswith("LayerNorm.weight") else 0.0, 0.3)
        return model.eval()

    def tokenizer(name, tokens, **options):
        (folder / name).mkdir(exist_ok=True)
        path = folder / name / "vocab.txt"
        path.write_text("".join(t + "\n" for t in tokens), encoding="utf-8")
        made = transformers.BertTokenizerFast(str(path), model_max_length=40, **options)
        made.save_pretrained(folder / name)
        return made

    def write(name, tokenizer, model):
        encoded = encode(tokenizer, TEXTS)
        with torch.no_grad():
            logits = model.double()(**{k: torch.tensor(v.astype("int64")) for k, v in encoded.items()}).logits
        save_file({"ids": encoded["input_ids"], "types": encoded["token_type_ids"],
                   "mask": encoded["attention_mask"].astype("uint8"), "logits": logits.numpy()},
                  folder / f"{name}.safetensors",
                  {"transformers": transformers.__version__, "torch": torch.__version__, "texts": json.dumps(TEXTS)})

    tokens = vocabulary(True)
    sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
                 max_position_embeddings=40)
    model = scramble(transformers.BertForMaskedLM(transformers.BertConfig(vocab_size=len(tokens), **sizes)))
    model.save_pretrained(folder / "mlm")
    write("mlm", tokenizer("mlm", tokens), model)

    tokens = vocabulary(False)
    config = transformers.BertConfig(
        vocab_size=len(tokens) + -len(tokens) % 8, hidden_size=12, num_hidden_layers=3, num_attention_heads=3,
        intermediate_size=20, max_position_embeddings=50, layer_norm_eps=1e-6, pad_token_id=tokens.index("[PAD]"),
        classifier_dropout=0.25, id2label={0: "no", 1: "perhaps", 2: "yes"}, label2id={"no": 0, "perhaps": 1, "yes": 2},
        problem_type="single_label_classification")
    model = scramble(transformers.BertForSequenceClassification(config))
    model.save_pretrained(folder / "classifier")
    old = {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor.numpy()
           for name, tensor in model.state_dict().items()}
    old["bert.embeddings.position_ids"] = numpy.arange(50)[None]
    old["cls.seq_relationship.weight"] = numpy.zeros((2, 12), "float32")
    old["cls.seq_relationship.bias"] = numpy.zeros(2, "float32")
    save_file(old, folder / "classifier" / "model.safetensors", {"format": "pt"})
    write("classifier", tokenizer("classifier", tokens, do_lower_case=False), model)


def encode(tokenizer, texts):
    """Ids, types and mask of texts and pairs in one batch, padded at the right."""
    rows = [tokenizer(*text) for text in texts]
    padded = tokenizer.pad({key: [row[key] for row in rows] for key in rows[0]})
    return {key: numpy.array(value, "int32") for key, value in padded.items()}


def compare_tokens(directory, texts, golden):
    for fast in (True, False):
        tokenizer = transformers.AutoTokenizer.from_pretrained(directory, use_fast=fast)
        encoded = encode(tokenizer, texts)
        for ours, theirs in (("ids", "input_ids"), ("types", "token_type_ids"), ("mask", "attention_mask")):
            if not numpy.array_equal(golden[ours], encoded[theirs]):
                sys.exit(f"{directory}: {ours} differ from those of {type(tokenizer).__name__}:\n"
                         f"{golden[ours]}\n{encoded[theirs]}")
        print(f"{directory.name}: {golden['ids'].shape} tokens equal those of {type(tokenizer).__name__}")


def compare_logits(directory, golden):
    import torch
    classes = {"BertForMaskedLM": transformers.AutoModelForMaskedLM, "BertModel": transformers.AutoModel,
               "BertForSequenceClassification": transformers.AutoModelForSequenceClassification}
    architecture = json.loads((directory / "config.json").read_text())["architectures"][0]
    model, report = classes[architecture].from_pretrained(directory, output_loading_info=True)
    report = {kind: [n for n in names if architecture != "BertModel" or "pooler." not in n]
              for kind, names in report.items()}
    if any(report.values()):
        sys.exit(f"{directory}: transformers reports {report}")
    inputs = {"input_ids": golden["ids"], "token_type_ids": golden["types"], "attention_mask": golden["mask"]}
    with torch.no_grad():
        out = model.eval().double()(**{k: torch.tensor(v.astype("int64")) for k, v in inputs.items()})
    theirs = (out.last_hidden_state if architecture == "BertModel" else out.logits).numpy()
    ours = golden["logits"].astype("float64")
    if architecture == "BertForMaskedLM":
        theirs = theirs.reshape(ours.shape)
    difference = numpy.abs(ours - theirs).max() / numpy.abs(theirs).max()
    print(f"{directory.name}: {architecture} {theirs.shape}, labels {list(model.config.id2label.values())}, "
          f"largest difference {difference:.2e}")
    if not difference < TOLERANCE:
        sys.exit(f"{directory}: the logits differ")


def compare(folder):
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        sys.exit(f"{folder} holds no results; usage: {__doc__}")
    for path in files:
        with safe_open(path, "np") as file:
            golden = {name: file.get_tensor(name) for name in file.keys()}
            texts = json.loads(file.metadata()["texts"])
        directory = path.with_suffix("")
        compare_tokens(directory, texts, golden)
        if transformers.is_torch_available():
            compare_logits(directory, golden)
        else:
            print(f"{directory.name}: no torch, logits not compared")


def main():
    arguments = sys.argv[1:]
    here = pathlib.Path(__file__).resolve().parent
    if arguments and arguments[0] == "golden" and len(arguments) <= 2:
        golden(pathlib.Path(arguments[1]) if len(arguments) == 2 else here.parent / "golden" / "bert_hf")
    elif len(arguments) == 2 and arguments[0] == "compare":
        compare(pathlib.Path(arguments[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
