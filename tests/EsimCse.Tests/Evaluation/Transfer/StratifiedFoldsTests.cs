using EsimCse.Core.Evaluation.Transfer;

namespace EsimCse.Tests.Evaluation.Transfer;

public class StratifiedFoldsTests
{
    [Theory]
    [InlineData(10, 10)]
    [InlineData(13, 29)]
    [InlineData(101, 11)]
    public void Folds_have_equal_shares_of_each_class(int ones, int zeros)
    {
        int[] labels = new int[ones + zeros];
        Array.Fill(labels, 1, 0, ones);
        new Random(2).Shuffle(labels);
        Split[] folds = StratifiedFolds.Create([.. Enumerable.Range(0, labels.Length)], labels);
        Assert.Equal(StratifiedFolds.Count, folds.Length);
        Assert.InRange(Spread(fold => fold.Test.Length), 0, 1);
        foreach (int label in new[] { 0, 1 })
            Assert.InRange(Spread(fold => fold.Test.Count(row => labels[row] == label)), 0, 1);

        int Spread(Func<Split, int> count) => folds.Max(count) - folds.Min(count);
    }

    [Fact]
    public void Each_row_is_held_out_once_and_learned_from_otherwise()
    {
        int[] labels = [.. Enumerable.Range(0, 80).Select(i => i * i % 3)];
        int[] rows = [.. Enumerable.Range(0, 80).Where(i => i % 4 != 1)];
        Split[] folds = StratifiedFolds.Create(rows, labels);
        Assert.Equal(rows, folds.SelectMany(fold => fold.Test).Order());
        Assert.All(folds, fold => Assert.Equal(rows, fold.Train.Concat(fold.Test).Order()));
    }

    [Fact]
    public void Rows_of_a_class_are_dealt_in_their_order()
    {
        int[] labels = [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
        Split[] folds = StratifiedFolds.Create([.. Enumerable.Range(0, labels.Length)], labels);
        // Class 0 is dealt to folds 0 … 8, class 1 to folds 9, 0, 1 and 2.
        Assert.Equal([1, 2], folds[0].Test);
        Assert.Equal([3, 11], folds[1].Test);
        Assert.Equal([4, 12], folds[2].Test);
        Assert.Equal([10], folds[8].Test);
        Assert.Equal([0], folds[9].Test);
    }
}
