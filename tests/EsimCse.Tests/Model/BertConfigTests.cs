using EsimCse.Core;
using EsimCse.Core.Model;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Model;

/// <summary>The family that config.json states, and what other families state under BERT's name.</summary>
public class BertConfigTests
{
    [Theory]
    [InlineData("""{"model_type": "bert", "architectures": ["AnyModel"]}""")]
    [InlineData("""{"model_type": null, "architectures": ["BertModel"]}""")]
    [InlineData("""{"model_type": null, "architectures": ["BertForMaskedLM", "BertForPreTraining"]}""")]
    [InlineData("""{"model_type": null, "architectures": ["BertForSequenceClassification"]}""")]
    [InlineData("""{"model_type": null, "architectures": ["BertForCL"]}""")]
    [InlineData("""{"model_type": null, "architectures": ["TFBertModel"]}""")]
    public void A_BERT_opens_by_model_type_or_else_by_its_classes(string change) =>
        Assert.Same(ModelFamily.Bert, Read(change).Family);

    [Theory]
    [InlineData("model_type: found nothing, expected bert", """{"model_type": null}""")]
    [InlineData("model_type: found nothing, expected bert", """{"model_type": null, "architectures": []}""")]
    [InlineData("model_type: found \"electra\"", """{"model_type": "electra", "architectures": ["BertModel"]}""")]
    [InlineData("model_type: found 3", """{"model_type": 3}""")]
    [InlineData("architectures: found [\"AlbertModel\"]", """{"model_type": null, "architectures": ["AlbertModel"]}""")]
    [InlineData("architectures: found", """{"model_type": null, "architectures": ["BertModel", "DistilBertModel"]}""")]
    [InlineData("architectures: found", """{"model_type": null, "architectures": ["MegatronBertModel"]}""")]
    [InlineData("architectures: found", """{"model_type": null, "architectures": ["BertGenerationEncoder"]}""")]
    [InlineData("architectures: found \"BertModel\"", """{"model_type": null, "architectures": "BertModel"}""")]
    [InlineData("auto_map: found", """{"auto_map": {"AutoModel": "modeling_bert.JinaBertModel"}}""")]
    [InlineData("position_embedding_type: found \"alibi\"", """{"position_embedding_type": "alibi"}""")]
    [InlineData("quantization_config: found", """{"quantization_config": {"load_in_8bit": true}}""")]
    [InlineData("pruned_heads: found", """{"pruned_heads": {"0": [1]}}""")]
    [InlineData("embedding_size: found 128, expected 16", """{"embedding_size": 128}""")]
    [InlineData("tokenizer_class: found \"BertJapaneseTokenizer\"", """{"tokenizer_class": "BertJapaneseTokenizer"}""")]
    public void Another_model_is_refused_by_key_and_value(string named, string change)
    {
        string message = Assert.Throws<InvalidInputException>(() => Read(change)).Message;
        Assert.Contains("config.json: " + named, message, StringComparison.Ordinal);
    }

    static BertConfig Read(string change)
    {
        using SavedModel model = new();
        model.Merge("config.json", """{"architectures": null}""");
        model.Merge("config.json", change);
        return BertConfig.Read(model.In("config.json"));
    }
}
