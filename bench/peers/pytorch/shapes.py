"""The models that are measured, with random weights, and batches of random ids."""
import torch
from transformers import BertConfig, BertModel

BASE = dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072)
MINI = dict(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536)
SMALL = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128)
SHAPES = {"base": BASE, "mini": MINI, "small": SMALL}
FIRST_WORD, VOCABULARY = 1000, 30522


def create_encoder(shape, attention, dropout, device):
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        attn_implementation=attention,
        **shape,
    )
    return BertModel(config, add_pooling_layer=False).to(device)


def draw_batch(lengths, width, device):
    """Returns token ids and the attention mask, padded to a width."""
    ends = torch.tensor(lengths).unsqueeze(1)
    mask = (torch.arange(width).unsqueeze(0) < ends).long()
    ids = torch.randint(FIRST_WORD, VOCABULARY, mask.shape) * mask
    return ids.to(device), mask.to(device)
