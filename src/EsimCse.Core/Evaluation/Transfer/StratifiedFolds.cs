namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>Examples to learn from, and others to be scored on.</summary>
sealed record Split(int[] Train, int[] Test);

/// <summary>
/// Stratified cross-validation: each fold has its share of every class. Rows are ordered by class, then as they were,
/// and dealt to the folds in turn, so that sizes and counts of a class differ by at most 1. SentEval shuffles the rows
/// of a class first, with NumPy's generator; nothing is drawn here, and the folds are a function of the labels alone.
/// </summary>
static class StratifiedFolds
{
    /// <summary>Number of folds, as in SentEval's evaluation of SimCSE.</summary>
    public const int Count = 10;

    /// <summary>Returns for each fold the other rows and its own, in their order.</summary>
    public static Split[] Create(ReadOnlySpan<int> rows, ReadOnlySpan<int> labels)
    {
        int[] keys = new int[rows.Length];
        for (int i = 0; i < keys.Length; i++) keys[i] = labels[rows[i]];
        int[] folds = new int[rows.Length];
        int[] byClass = [.. Enumerable.Range(0, keys.Length).OrderBy(i => keys[i])];
        for (int i = 0; i < byClass.Length; i++) folds[byClass[i]] = i % Count;

        int[] all = rows.ToArray();
        return [.. Enumerable.Range(0, Count).Select(fold => new Split(Select(fold, false), Select(fold, true)))];

        int[] Select(int fold, bool isTest) => [.. all.Where((_, i) => folds[i] == fold == isTest)];
    }
}
