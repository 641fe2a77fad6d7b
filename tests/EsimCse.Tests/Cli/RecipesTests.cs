using EsimCse.Cli;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class RecipesTests
{
    [Theory]
    [InlineData("bert", 384, "bert-base")]
    [InlineData("bert", 768, "bert-base")]
    [InlineData("bert", 1024, "bert-large")]
    [InlineData("roberta", 768, "roberta-base")]
    [InlineData("roberta", 1024, "roberta-large")]
    public void The_recipe_is_that_of_the_models_family_and_size(string family, int hiddenSize, string recipe)
    {
        BertConfig config = SmallModel.Config with
        {
            Family = ModelFamily.All.Single(known => known.ModelType == family),
            HiddenSize = hiddenSize,
        };
        Assert.Equal(recipe, Recipes.NameFor(config));
        Assert.Contains(recipe, Recipes.Names);
    }

    [Theory]
    [InlineData("bert-base", 3e-5f, 0.32, 160, 0.1f)]
    [InlineData("bert-large", 1e-5f, 0.32, 160, 0.1f)]
    [InlineData("roberta-base", 1e-5f, 0.30, 160, 0.1f)]
    [InlineData("roberta-large", 1e-5f, 0.28, 128, 0.15f)]
    public void A_recipe_has_the_settings_of_the_published_run(
        string name, float learningRate, double rate, int queueSize, float dropout)
    {
        TrainingOptions expected = new()
        {
            LearningRate = learningRate,
            RepetitionRate = rate,
            QueueSize = queueSize,
            Dropout = dropout,
        };
        Assert.Equal(expected, Recipes.Get(name));
    }

    [Fact]
    public void Without_recipe_and_learning_rate_a_RoBERTa_trains_with_its_own()
    {
        using SmallRoberta small = new();
        Assert.Equal(1e-5, FirstLearningRate());
        Assert.Equal(3e-5, FirstLearningRate("--recipe", "bert-base"));
        Assert.Equal(2e-5, FirstLearningRate("--learning-rate", "2e-5"));

        double FirstLearningRate(params string[] options)
        {
            (int code, _, string error) = Tool.Run("", [
                "train", "--from-scratch", small.In("config.json"), "--vocabulary", small.Folder, "--data",
                small.In("corpus.txt"), "--output", small.In("run"), "--max-steps", "1", "--overwrite", .. options]);
            Assert.True(code == 0, error);
            string line = File.ReadLines(small.In("run", "metrics.jsonl")).First();
            double rate = System.Text.Json.Nodes.JsonNode.Parse(line)!["learning_rate"]!.GetValue<double>();
            return Math.Round(rate, 9);
        }
    }
}
