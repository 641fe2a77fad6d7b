namespace EsimCse.Core.Model;

/// <summary>How a sentence's token vectors become one vector.</summary>
public enum PoolerKind
{
    /// <summary>tanh(W h + b) of the [CLS] token's last vector h; W, b = pooler.dense.</summary>
    Cls,

    /// <summary>The [CLS] token's last vector.</summary>
    ClsBeforePooler,

    /// <summary>The mean of all tokens' last vectors.</summary>
    Avg,

    /// <summary>The mean of the last and the last but one layer's means.</summary>
    AvgTop2,

    /// <summary>The mean of the embedding output's and the last layer's means.</summary>
    AvgFirstLast,
}

/// <summary>The poolers' names on the command line and in files.</summary>
public static class PoolerNames
{
    static readonly string[] Names = ["cls", "cls_before_pooler", "avg", "avg_top2", "avg_first_last"];

    /// <summary>All names, in the order of <see cref="PoolerKind"/>.</summary>
    public static IReadOnlyList<string> All => Names;

    /// <summary>The name of a pooler.</summary>
    public static string Name(this PoolerKind kind) => Names[(int)kind];

    /// <summary>True for the two poolers that read the [CLS] token alone.</summary>
    public static bool ReadsClsOnly(this PoolerKind kind) => kind is PoolerKind.Cls or PoolerKind.ClsBeforePooler;

    /// <summary>The pooler of a name; false where there is none.</summary>
    public static bool TryParse(string? name, out PoolerKind kind)
    {
        int index = Array.IndexOf(Names, name);
        kind = (PoolerKind)Math.Max(0, index);
        return index >= 0;
    }
}
