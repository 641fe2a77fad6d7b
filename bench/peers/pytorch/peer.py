#!/usr/bin/env python3
"""Measures ESimCSE in PyTorch on one device and prints a line of JSON a result, in the form of the GPU kit.

    peer.py train DEVICE [base|mini|small]...                steps: official, tuned, compiled
    peer.py compile DEVICE [base|mini|small]...              a few compiled steps, which fill the compiler's cache
    peer.py embed DEVICE [base|mini|small]...                ids to vectors, sentences of one length
    peer.py text DEVICE MODEL=FOLDER TEXT VOCABULARY         sentence-transformers, from text to vectors
    peer.py check DEVICE MODEL=FOLDER TEXT VOCABULARY FILE.npy...
                                                             compares vectors with those of PyTorch in fp32
"""
import sys
import time

import torch
from transformers import BertModel, BertTokenizerFast

import training
from results import attempt, time_calls, write
from shapes import SHAPES, create_encoder, draw_batch

STYLES = [
    ("PyTorch official", "fp16", training.OFFICIAL),
    ("PyTorch tuned", "bf16", training.TUNED),
    ("PyTorch compiled", "bf16", training.COMPILED),
]
MAX_LENGTH = 128
MIN_COSINE = {"fp32.npy": 0.999999, "bf16.npy": 0.999, "fp16.npy": 0.9999}
TEXT_COPIES = 3


def train(device, models):
    # The compiled style comes last for all models: its compilation may outlast the limit.
    for who, precision, style in STYLES:
        for model in models:
            small = model == "small"
            batch, tokens = (4, 10) if small else (64, 26)
            fields = dict(part="step", who=who, name="training step", model=model, precision=precision)
            fields.update(batch=batch, tokens=tokens, sentences=batch)
            attempt(fields, lambda: time_steps(SHAPES[model], style, batch, tokens, device, small))


def time_steps(shape, style, batch, tokens, device, small):
    work = training.Training(shape, style, batch, tokens, device)
    times = time_calls(work.step, device, 2 if small else 40, 2 if small else training.BATCHES)
    if not torch.isfinite(work.step()):
        raise ValueError("the loss is not finite")
    return times


def compile_steps(device, models):
    for model in models:
        batch, tokens = (4, 10) if model == "small" else (64, 26)
        work = training.Training(SHAPES[model], training.COMPILED, batch, tokens, device)
        for _ in range(3):
            work.step()


def embed(device, models):
    half = torch.float16 if device == "cuda" else torch.float32
    for compiled in (False, True):
        for model in models:
            small = model == "small"
            for tokens in (10,) if small else (26, 128):
                for batch in (8,) if small else (512, 2048):
                    if compiled and (tokens == 128 or batch == 512):
                        continue
                    who = "PyTorch compiled" if compiled else "PyTorch eager"
                    fields = dict(part="embedding", who=who, name="from ids to vectors", model=model)
                    fields.update(precision="fp16", batch=batch, tokens=tokens, sentences=batch)
                    attempt(fields, lambda: time_embedding(SHAPES[model], batch, tokens, half, device, compiled))


def time_embedding(shape, batch, tokens, dtype, device, compiled):
    encoder = create_encoder(shape, "sdpa", 0, device).eval().to(dtype)
    run = torch.compile(encoder, mode="reduce-overhead") if compiled else encoder
    ids, mask = draw_batch([tokens] * batch, tokens, device)

    @torch.inference_mode()
    def once():
        hidden = run(input_ids=ids, attention_mask=None if compiled else mask).last_hidden_state
        return torch.nn.functional.normalize(hidden.mean(1).float()).cpu()

    return time_calls(once, device, 8, 4)


def read_lines(path):
    return [line for line in open(path, encoding="utf8").read().split("\n") if line]


def text(device, model, folder, path, vocabulary):
    fields = dict(part="text", who="sentence-transformers", name="from text to vectors", model=model)
    lines = read_lines(path)
    lines = lines[:20] if model == "small" else lines * TEXT_COPIES
    encoder = create_sentence_transformer(folder, vocabulary, device)
    for batch in (8,) if model == "small" else (256, 1024):
        fields.update(precision="fp16", batch=batch, tokens=0, sentences=len(lines))
        encoder.encode(lines[:batch], batch_size=batch)
        start = time.perf_counter()
        encoder.encode(lines, batch_size=batch, show_progress_bar=False)
        write([1e3 * (time.perf_counter() - start)], **fields)


def create_sentence_transformer(folder, vocabulary, device):
    import tempfile

    from sentence_transformers import SentenceTransformer, models

    with tempfile.TemporaryDirectory() as copy:
        encoder = BertModel.from_pretrained(folder)
        encoder.save_pretrained(copy)
        BertTokenizerFast(vocabulary, do_lower_case=True).save_pretrained(copy)
        words = models.Transformer(copy, max_seq_length=MAX_LENGTH)
    pooling = models.Pooling(encoder.config.hidden_size, "mean")
    joined = SentenceTransformer(modules=[words, pooling], device=device)
    return joined.half() if device == "cuda" else joined


def check(device, model, folder, path, vocabulary, files):
    import numpy

    torch.backends.cuda.matmul.allow_tf32 = False
    lines = read_lines(path)[: 20 if model == "small" else 2000]
    expected = mean_vectors(folder, lines, vocabulary, device)
    far = []
    for file in files:
        found = numpy.load(file)[: len(lines)].astype("f8")
        lengths = numpy.linalg.norm(found, axis=1) * numpy.linalg.norm(expected, axis=1)
        cosine = float(((found * expected).sum(1) / lengths).min())
        worst = float(numpy.abs(found - expected).max())
        name = file.rsplit("/", 1)[-1]
        write(part="check", who="ours", name=name, model=model, cosine=cosine, worst=worst, sentences=len(lines))
        if not cosine >= MIN_COSINE[name]:
            far.append(name)
    if far:
        sys.exit(f"{model}: too far from PyTorch: {', '.join(far)}")


def mean_vectors(folder, lines, vocabulary, device):
    import numpy

    tokenizer = BertTokenizerFast(vocabulary, do_lower_case=True)
    encoder = BertModel.from_pretrained(folder).to(device).eval()
    vectors = []
    with torch.inference_mode():
        for first in range(0, len(lines), 100):
            batch = tokenizer(
                lines[first : first + 100], padding=True, truncation=True, max_length=MAX_LENGTH, return_tensors="pt"
            ).to(device)
            hidden = encoder(**batch).last_hidden_state
            present = batch["attention_mask"].unsqueeze(-1).float()
            vectors.append(((hidden * present).sum(1) / present.sum(1)).cpu().numpy())
    return numpy.concatenate(vectors).astype("f8")


def main():
    part, device, *rest = sys.argv[1:]
    if device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
    if part in ("train", "compile", "embed"):
        {"train": train, "compile": compile_steps, "embed": embed}[part](device, rest)
        return
    model, folder = rest[0].split("=", 1)
    if part == "text":
        text(device, model, folder, *rest[1:])
    elif part == "check":
        check(device, model, folder, rest[1], rest[2], rest[3:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
