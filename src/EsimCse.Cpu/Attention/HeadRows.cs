using EsimCse.Cpu.Gemm;

namespace EsimCse.Cpu.Attention;

/// <summary>One sentence and head: positions of its first row in each buffer, and the sizes of its tiles.</summary>
readonly unsafe struct HeadRows
{
    public HeadRows(in AttentionArguments arguments, int sentence, int head)
    {
        int firstToken = arguments.Offsets[sentence];
        Sentence = sentence;
        Head = head;
        Tokens = arguments.Offsets[sentence + 1] - firstToken;
        Queries = arguments.FirstTokenOnly ? 1 : Tokens;
        PaddedTokens = SmallGemm.Pad(Tokens);
        PaddedSize = SmallGemm.Pad(arguments.HeadSize);

        int column = head * arguments.HeadSize;
        int firstQuery = arguments.FirstTokenOnly ? sentence : firstToken;
        Query = (long)firstQuery * arguments.QStride + column;
        Key = (long)firstToken * arguments.KvStride + column;
        Output = (long)firstQuery * arguments.HiddenSize + column;
        Lse = (long)head * arguments.QueryRows + firstQuery;
    }

    public int Sentence { get; }

    public int Head { get; }

    /// <summary>Number of keys and values, n.</summary>
    public int Tokens { get; }

    /// <summary>Number of queries: n, or 1.</summary>
    public int Queries { get; }

    /// <summary>Length of a padded row of scores.</summary>
    public int PaddedTokens { get; }

    /// <summary>Length of a padded row of q, k, v or o.</summary>
    public int PaddedSize { get; }

    /// <summary>First element in q and dq.</summary>
    public long Query { get; }

    /// <summary>First element in k, v, dk and dv.</summary>
    public long Key { get; }

    /// <summary>First element in o and dout.</summary>
    public long Output { get; }

    /// <summary>First element in lse.</summary>
    public long Lse { get; }

    /// <summary>Returns the index of a query's row in the sentence's dropout mask [heads, n, n].</summary>
    public long MaskElement(int query) => ((long)Head * Tokens + query) * Tokens;
}
