using System.Reflection;
using EsimCse.Core;
using EsimCse.Core.Training;

namespace EsimCse.Tests.Training;

public class TrainingOptionTableTests
{
    static TrainingOption Row(string name) => TrainingOptionTable.Rows.Single(row => row.Name == name);

    [Fact]
    public void Every_property_has_one_row()
    {
        PropertyInfo[] all = typeof(TrainingOptions).GetProperties();
        string[] properties = [.. all.Where(property => property.CanWrite).Select(property => property.Name)];
        List<string> changed = [];
        foreach (TrainingOption row in TrainingOptionTable.Rows)
            changed.Add(Assert.Single(properties, property => Changes(row, property)));
        Assert.Equal(properties.Order(), changed.Order());
    }

    [Fact]
    public void The_text_form_of_a_value_parses_to_the_value()
    {
        TrainingOptions options = new()
        {
            LearningRate = 1.5e-5f,
            RepetitionRate = 1.0 / 3,
            Seed = ulong.MaxValue,
            MaxSteps = 7,
            MicroBatch = 5,
        };
        TrainingOptions copy = new();
        foreach (TrainingOption row in TrainingOptionTable.Rows) copy = row.With(copy, row.Format(options)!);
        Assert.Equal(options, copy);
    }

    [Theory]
    [InlineData("--batch-size", "0", "2147483647", "1,000", "1.5", " ", "")]
    [InlineData("--epochs", "0", "99999999999")]
    [InlineData("--max-steps", "0", "ten")]
    [InlineData("--learning-rate", "0", "1,5", "nan", "infinity")]
    [InlineData("--weight-decay", "-0.1", "NaN")]
    [InlineData("--max-length", "1")]
    [InlineData("--temperature", "0", "-1")]
    [InlineData("--dropout", "1", "-0.1", "0,1")]
    [InlineData("--repetition", "twice", "Subword", "1")]
    [InlineData("--repetition-rate", "1.5", "-1")]
    [InlineData("--queue-size", "-1")]
    [InlineData("--momentum", "infinity", "1.01")]
    [InlineData("--mlm-weight", "-0.1", "infinity")]
    [InlineData("--mlm-probability", "0", "1.1", "nan")]
    [InlineData("--eval-every", "0")]
    [InlineData("--save-every", "0")]
    [InlineData("--seed", "-1", "18446744073709551616")]
    [InlineData("--shuffle", "yes")]
    public void Text_that_is_malformed_or_out_of_range_is_refused(string name, params string[] texts)
    {
        foreach (string text in texts)
        {
            UsageException error = Assert.Throws<UsageException>(() => Row(name).With(new(), text));
            Assert.StartsWith($"{name}: found {text}, expected ", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Values_out_of_range_are_refused()
    {
        (string Name, TrainingOptions Options)[] cases =
        [
            ("--batch-size: found 0", new() { BatchSize = 0 }),
            ("--batch-size: found 2147483647", new() { BatchSize = int.MaxValue }),
            ("--epochs", new() { Epochs = 0 }),
            ("--max-steps", new() { MaxSteps = 0 }),
            ("--learning-rate", new() { LearningRate = 0 }),
            ("--weight-decay", new() { WeightDecay = float.NaN }),
            ("--max-length", new() { MaxLength = 1 }),
            ("--temperature", new() { Temperature = 0 }),
            ("--dropout", new() { Dropout = 1 }),
            ("--repetition-rate", new() { RepetitionRate = 1.5 }),
            ("--queue-size", new() { QueueSize = -1 }),
            ("--momentum", new() { Momentum = float.PositiveInfinity }),
            ("--momentum-init", new() { MomentumInit = (MomentumInit)2 }),
            ("--mlm-weight", new() { MlmWeight = -1 }),
            ("--mlm-probability", new() { MlmProbability = 0 }),
            ("--eval-every", new() { EvaluateEvery = 0 }),
            ("--save-every", new() { SaveEvery = 0 }),
        ];
        foreach ((string name, TrainingOptions options) in cases)
            Assert.Contains(name, Assert.Throws<UsageException>(options.Check).Message, StringComparison.Ordinal);
        new TrainingOptions().Check();
    }

    /// <summary>Returns whether some value of the row's option changes the property.</summary>
    static bool Changes(TrainingOption row, string property)
    {
        TrainingOptions before = new();
        object? Value(TrainingOptions options) => typeof(TrainingOptions).GetProperty(property)!.GetValue(options);
        string[] texts = row.Names.Count > 0 ? [.. row.Names] : ["0.5", "7"];
        foreach (string text in texts)
            try
            {
                if (!Equals(Value(before), Value(row.With(before, text)))) return true;
            }
            catch (UsageException)
            {
            }
        return false;
    }
}
