"""A step of ESimCSE in PyTorch: both views, queue, momentum encoder, clipping and AdamW."""
import copy
import dataclasses
import random

import torch
from torch.nn import functional

from shapes import create_encoder, draw_batch

QUEUE, TEMPERATURE, MOMENTUM, LEARNING_RATE, RATE = 160, 0.05, 0.995, 3e-5, 0.32
BATCHES = 16


@dataclasses.dataclass
class Style:
    """How a step is written."""
    attention: str
    precision: torch.dtype
    fused: bool  # AdamW and EMA are fused, and both views are one batch
    compiled: str = ""


OFFICIAL = Style("eager", torch.float16, fused=False)
TUNED = Style("sdpa", torch.bfloat16, fused=True)
COMPILED = Style("sdpa", torch.bfloat16, fused=True, compiled="reduce-overhead")


class Training:
    def __init__(self, shape, style, batch, tokens, device):
        self.style, self.batch, self.device = style, batch, device
        hidden = shape["hidden_size"]
        self.encoder = create_encoder(shape, style.attention, 0.1, device).train()
        self.momentum_encoder = copy.deepcopy(self.encoder).eval().requires_grad_(False)
        self.head = torch.nn.Linear(hidden, hidden).to(device)
        self.parameters = [*self.encoder.parameters(), *self.head.parameters()]
        choice = {"fused": True} if style.fused and device == "cuda" else {"foreach": False}
        self.optimizer = torch.optim.AdamW(self.parameters, lr=LEARNING_RATE, weight_decay=0, **choice)
        scales = style.precision == torch.float16 and device == "cuda"
        self.scaler = torch.amp.GradScaler(device, enabled=scales)
        self.queue = torch.randn(QUEUE, hidden, device=device)
        self.labels = torch.arange(batch, device=device)
        self.data = [self.draw_views(tokens) for _ in range(BATCHES)]
        self.steps = 0
        self.compute_loss, self.compute_pushed = self.loss, self.pushed
        if style.compiled:
            self.compute_loss = torch.compile(self.loss, mode=style.compiled)
            self.compute_pushed = torch.compile(self.pushed, mode=style.compiled)

    def draw_views(self, tokens):
        """Anchors of equal length and positives with repeated tokens; a compiled step needs one width."""
        most = max(2, int(RATE * (tokens - 2)))
        anchors = [tokens] * self.batch
        positives = [tokens + random.randint(0, most) for _ in anchors]
        width = tokens + most if self.style.compiled else max(positives)
        joined = draw_batch(anchors + positives, width, self.device)
        anchor_width = width if self.style.compiled else tokens
        first = tuple(part[: self.batch, :anchor_width].contiguous() for part in joined)
        second = tuple(part[self.batch :].contiguous() for part in joined)
        return first, second, joined

    def autocast(self):
        return torch.autocast(self.device, dtype=self.style.precision)

    def embed(self, encoder, ids, mask):
        hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return torch.tanh(self.head(hidden[:, 0]))

    def loss(self, first, second, joined, queue):
        with self.autocast():
            if self.style.fused:
                vectors = self.embed(self.encoder, *joined)
                x, y = vectors[: self.batch], vectors[self.batch :]
            else:
                x, y = self.embed(self.encoder, *first), self.embed(self.encoder, *second)
            x, y, z = (functional.normalize(part.float()) for part in (x, y, queue))
            logits = torch.cat([x @ y.T, x @ z.T], 1) / TEMPERATURE
            return functional.cross_entropy(logits, self.labels)

    def pushed(self, first):
        with torch.no_grad(), self.autocast():
            return self.embed(self.momentum_encoder, *first).float()

    def update_momentum_encoder(self):
        ema, live = list(self.momentum_encoder.parameters()), list(self.encoder.parameters())
        with torch.no_grad():
            if self.style.fused:
                torch._foreach_lerp_(ema, live, 1 - MOMENTUM)
                return
            for average, weight in zip(ema, live):
                average.mul_(MOMENTUM).add_(weight, alpha=1 - MOMENTUM)

    def step(self):
        first, second, joined = self.data[self.steps % BATCHES]
        self.steps += 1
        if self.style.compiled and self.device == "cuda":
            torch.compiler.cudagraph_mark_step_begin()
        loss = self.compute_loss(first, second, joined, self.queue)
        self.update_momentum_encoder()
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        newest = self.compute_pushed(first).clone()
        self.queue = torch.cat([self.queue, newest])[-QUEUE:]
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=self.style.fused)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss
