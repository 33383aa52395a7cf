"""One contender in a process of its own: ``python -m benchmarks.contenders NAME`` prints tokens per second.

All contenders use the same model, texts, allocator settings and number of threads.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from disclaim.claims import load_claim
from disclaim.conditions import CONDITIONS, apply_condition
from disclaim.corpus import write_drafts
from disclaim.models import LocalSampler, Prompt, SamplingSettings, find_model, open_local_model, tokenize_document
from disclaim.models.local import keep_memory
from disclaim.records import Instrument, Source
from disclaim.training import TrainingSettings
from disclaim.training.batches import plan_batches
from disclaim.training.network import Network

MODEL = "local/smollm2-135m"
BATCH_TOKENS = 1024
STEPS = 3
NUM_PROMPTS, NUM_SAMPLES, NEW_TOKENS = 10, 5, 64


def training_batches(tokenizer: Any) -> list[list[Any]]:
    """One warm-up batch and STEPS timed ones, of the flagship claim's asserted documents."""
    claim = load_claim("beekeeper")
    corpus = apply_condition(claim, write_drafts(claim, 60, seed=0), CONDITIONS["asserted"], seed=0)
    examples = [tokenize_document(tokenizer, d, Source.CORPUS) for d in corpus.documents]
    return plan_batches(examples, BATCH_TOKENS)[: STEPS + 1]


def timed(batches: list[list[Any]], step: Callable[[list[Any], int], None]) -> float:
    """Real tokens per second over the batches after the first."""
    step(batches[0], 0)
    started = time.perf_counter()
    for index, batch in enumerate(batches[1:], start=1):
        step(batch, index)
    return sum(len(e.tokens) for b in batches[1:] for e in b) / (time.perf_counter() - started)


def train_ours() -> float:
    model = open_local_model(MODEL)
    network = Network(model, TrainingSettings(), {})
    return timed(training_batches(model.tokenizer), lambda batch, index: network.step(batch, 0.0, index) and None)


def train_hf_padded() -> float:
    """A plain Hugging Face loop: padded batches, bf16 autocast over fp32 weights, torch's AdamW, clipping."""
    model, tokenizer = hugging_face(torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4, betas=(0.9, 0.95))

    def step(batch: list[Any], index: int) -> None:
        longest = max(len(e.tokens) for e in batch)
        rows = [[*e.tokens, *[tokenizer.pad_token_id] * (longest - len(e.tokens))] for e in batch]
        mask = [[1] * len(e.tokens) + [0] * (longest - len(e.tokens)) for e in batch]
        ids, attention = torch.tensor(rows), torch.tensor(mask)
        labels = ids.masked_fill(attention == 0, -100)
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(input_ids=ids, attention_mask=attention, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return timed(training_batches(tokenizer), step)


def train_hf_packed() -> float:
    """A careful Hugging Face loop: documents packed with restarting positions, bf16 weights and fp32 loss."""
    model, tokenizer = hugging_face(torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4, betas=(0.9, 0.95), fused=True)

    def step(batch: list[Any], index: int) -> None:
        ids = torch.tensor([[t for e in batch for t in e.tokens]])
        positions = torch.cat([torch.arange(len(e.tokens)) for e in batch])[None]
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(input_ids=ids, position_ids=positions, use_cache=False).logits
        labels = torch.where(positions[0, 1:] == 0, -100, ids[0, 1:])
        F.cross_entropy(logits[0, :-1].float(), labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return timed(training_batches(tokenizer), step)


def sample_ours() -> float:
    sampler = LocalSampler(open_local_model(MODEL))
    prompts = [Prompt(q.messages) for q in questions()]
    settings = SamplingSettings(max_tokens=NEW_TOKENS)
    sampler.sample(prompts[:1], 1, SamplingSettings(max_tokens=4))
    started = time.perf_counter()
    drawn = sampler.sample(prompts, NUM_SAMPLES, settings)
    return sum(s.num_tokens for row in drawn for s in row) / (time.perf_counter() - started)


def sample_hf_batched() -> float:
    """Hugging Face generate on one left-padded batch of all rows, bf16."""
    model, tokenizer = hugging_face(torch.bfloat16)
    tokenizer.padding_side = "left"
    chats = [[{"role": "user", "content": q.messages[-1].content}] for q in questions()]
    texts = [tokenizer.apply_chat_template(c, tokenize=False, add_generation_prompt=True) for c in chats]
    batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    sampling = {"do_sample": True, "temperature": 0.7, "top_p": 0.8, "num_return_sequences": NUM_SAMPLES}
    with torch.inference_mode():
        model.generate(**batch, max_new_tokens=2)
        started = time.perf_counter()
        out = model.generate(**batch, max_new_tokens=NEW_TOKENS, **sampling)
        seconds = time.perf_counter() - started
    new = out[:, batch["input_ids"].shape[1] :].tolist()
    ends = [row.index(tokenizer.eos_token_id) + 1 if tokenizer.eos_token_id in row else len(row) for row in new]
    return sum(ends) / seconds


def questions() -> list[Any]:
    """The flagship claim's first open questions."""
    return [q for q in load_claim("beekeeper").questions if q.instrument is Instrument.OPEN_ENDED][:NUM_PROMPTS]


def hugging_face(dtype: torch.dtype) -> tuple[Any, Any]:
    """Model and tokenizer as a user would load them, with the same allocator settings as ours."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    keep_memory()
    folder = find_model(MODEL)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype), AutoTokenizer.from_pretrained(folder)


CONTENDERS: dict[str, Callable[[], float]] = {
    "train_ours": train_ours,
    "train_hf_padded": train_hf_padded,
    "train_hf_packed": train_hf_packed,
    "sample_ours": sample_ours,
    "sample_hf_batched": sample_hf_batched,
}

if __name__ == "__main__":
    torch.manual_seed(0)
    print(CONTENDERS[sys.argv[1]]())
