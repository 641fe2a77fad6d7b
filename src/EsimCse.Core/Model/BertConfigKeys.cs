using EsimCse.Core.Files;

namespace EsimCse.Core.Model;

/// <summary>
/// The keys of config.json: those of transformers' BertConfig and RobertaConfig, and those by which other architectures
/// change the computation, also where such a model calls itself BERT. The list is open: programs leave notes in
/// config.json.
/// </summary>
static class BertConfigKeys
{
    /// <summary>Keys that state a size which BERT does not have of its own, and which must equal another.</summary>
    public const string EmbeddingSize = "embedding_size", HeadSize = "head_dim", KeyValueHeads = "num_key_value_heads";

    static readonly string[] Off = ["false"];
    static readonly string[] On = ["true"];
    static readonly string[] Zero = ["0", "0.0"];
    static readonly string[] One = ["1"];
    static readonly string[] NoObject = ["{}"];

    /// <summary>Tokenizers with BERT's or RoBERTa's files, and the classes that read tokenizer.json alone.</summary>
    static readonly string[] TokenizerClasses =
    [
        "BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast", "ElectraTokenizer",
        "ElectraTokenizerFast", "PreTrainedTokenizerFast", "RobertaTokenizer", "RobertaTokenizerFast",
        "TokenizersBackend",
    ];

    /// <summary>The list.</summary>
    public static SettingKeys All { get; } = new()
    {
        Honoured =
        [
            "model_type", "architectures", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
            "intermediate_size", "hidden_act", "max_position_embeddings", "type_vocab_size", "layer_norm_eps",
            "initializer_range", "pad_token_id", EmbeddingSize, HeadSize, KeyValueHeads,
        ],
        Harmless =
        [
            // training, task heads and text generation
            "attention_probs_dropout_prob", "hidden_dropout_prob", "classifier_dropout", "gradient_checkpointing",
            "id2label", "label2id", "num_labels", "problem_type", "finetuning_task", "task_specific_params",
            "classifier_activation", "use_cache", "tie_word_embeddings", "tie_encoder_decoder",
            "bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id", "mask_token_id",
            "decoder_start_token_id", "cross_attention_hidden_size",
            // storage and speed
            "torch_dtype", "dtype", "use_bfloat16", "torchscript", "chunk_size_feed_forward", "attn_implementation",
            "_attn_implementation", "_attn_implementation_autoset", "use_flash_attn",
            // outputs that are not read, and notes
            "output_attentions", "output_hidden_states", "return_dict", "transformers_version", "_name_or_path",
            "_commit_hash", "name_or_path",
            // the pooler of Google's TensorFlow code, which transformers does not have
            "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head",
        ],
        Refused = new Dictionary<string, string[]>
        {
            // transformers
            ["is_decoder"] = Off,
            ["add_cross_attention"] = Off,
            ["is_encoder_decoder"] = Off,
            ["position_embedding_type"] = ["\"absolute\""],
            ["pruned_heads"] = NoObject,
            ["quantization_config"] = NoObject,
            ["auto_map"] = NoObject,
            ["tokenizer_class"] = [.. TokenizerClasses.Select(name => $"\"{name}\"")],
            // Google's TensorFlow code
            ["directionality"] = ["\"bidi\""],
            ["pooler_type"] = ["\"first_token_transform\""],
            // rotary positions and ALiBi: NomicBERT, ModernBERT, JinaBERT, MosaicBERT, RoFormer
            ["rope_theta"] = Zero,
            ["rope_scaling"] = NoObject,
            ["rope_parameters"] = NoObject,
            ["global_rope_theta"] = Zero,
            ["local_rope_theta"] = Zero,
            ["rotary_value"] = Off,
            ["rotary_emb_base"] = Zero,
            ["rotary_emb_dim"] = Zero,
            ["rotary_emb_fraction"] = Zero,
            ["rotary_emb_scale_base"] = Zero,
            ["rotary_scaling_factor"] = Zero,
            ["use_rotary_embeddings"] = Off,
            ["use_rotary_position_embeddings"] = Off,
            ["alibi"] = Off,
            ["use_alibi"] = Off,
            ["alibi_starting_size"] = Zero,
            // relative positions: DeBERTa, MPNet
            ["relative_attention"] = Off,
            ["relative_attention_num_buckets"] = Zero,
            ["position_biased_input"] = On,
            ["pos_att_type"] = ["[]", "\"\"", "\"none\""],
            ["conv_kernel_size"] = Zero,
            ["norm_rel_ebd"] = ["\"none\""],
            // other attention: ModernBERT, Longformer, BigBird, GPT
            ["attention_window"] = [],
            ["sliding_window"] = Zero,
            ["local_attention"] = Zero,
            ["global_attn_every_n_layers"] = One,
            ["layer_types"] = [],
            ["attention_type"] = ["\"original_full\""],
            ["causal"] = Off,
            ["is_causal"] = Off,
            ["use_qk_norm"] = Off,
            ["scale_attn_weights"] = On,
            ["scale_attn_by_inverse_layer_idx"] = Off,
            // other layers: ALBERT, MobileBERT, JinaBERT, NomicBERT, pre-norm models
            ["num_hidden_groups"] = [],
            ["inner_group_num"] = One,
            ["num_feedforward_networks"] = One,
            ["use_bottleneck"] = Off,
            ["trigram_input"] = Off,
            ["normalization_type"] = ["\"layer_norm\""],
            ["feed_forward_type"] = ["\"original\""],
            ["hidden_activation"] = [],
            ["activation_function"] = [],
            ["emb_pooler"] = [],
            ["prenorm"] = Off,
            ["pre_norm"] = Off,
            ["normalize_before"] = Off,
            ["parallel_block"] = Off,
            ["use_rms_norm"] = Off,
            ["use_bias"] = On,
            ["attention_bias"] = On,
            ["mlp_bias"] = On,
            ["norm_bias"] = On,
            ["qkv_proj_bias"] = On,
            ["mlp_fc1_bias"] = On,
            ["mlp_fc2_bias"] = On,
            ["rescale_embeddings"] = Off,
        },
    };
}
