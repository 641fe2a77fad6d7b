using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu.Attention;

/// <summary>
/// Where attention finds what it reads and writes. Queries are every token's (rows of qkv) or each sentence's first one's (rows of their own); keys and
/// values are always every token's. A stride is the distance between rows.
/// </summary>
unsafe struct AttentionArguments
{
    public float* Q, K, V, Context, LogSumExp, DContext, DQ, DK, DV;
    public int* Offsets;
    public int QStride, KvStride, Hidden, Heads, Sentences, Longest, QueryRows, Parts;
    public bool FirstTokenOnly;
    public DropoutDraws Draws;

    public readonly int HeadSize => Hidden / Heads;

    public readonly int Items => Sentences * Heads;

    public readonly float Scale => 1 / MathF.Sqrt(HeadSize);

    /// <summary>Queries, keys and values side by side in one matrix, and their gradients in another.</summary>
    public static AttentionArguments Full(Matrix qkv, Matrix dqkv, PackedBatch batch, int heads, DropoutMask mask, int parts)
    {
        int hidden = qkv.Columns / 3;
        float* source = (float*)qkv.Address, target = (float*)dqkv.Address;
        AttentionArguments problem = Common(batch, heads, mask, parts, hidden);
        problem.Q = source;
        problem.K = source + hidden;
        problem.V = source + 2 * hidden;
        problem.DQ = target;
        problem.DK = target + hidden;
        problem.DV = target + 2 * hidden;
        (problem.QStride, problem.KvStride, problem.QueryRows) = (3 * hidden, 3 * hidden, batch.Tokens);
        return problem;
    }

    /// <summary>A query a sentence; keys and values side by side.</summary>
    public static AttentionArguments FirstToken(Matrix q, Matrix kv, Matrix dq, Matrix dkv, PackedBatch batch, int heads, DropoutMask mask, int parts)
    {
        int hidden = q.Columns;
        float* source = (float*)kv.Address, target = (float*)dkv.Address;
        AttentionArguments problem = Common(batch, heads, mask, parts, hidden);
        problem.Q = (float*)q.Address;
        problem.K = source;
        problem.V = source + hidden;
        problem.DQ = (float*)dq.Address;
        problem.DK = target;
        problem.DV = target + hidden;
        (problem.QStride, problem.KvStride, problem.QueryRows, problem.FirstTokenOnly) = (hidden, 2 * hidden, batch.Sentences, true);
        return problem;
    }

    static AttentionArguments Common(PackedBatch batch, int heads, DropoutMask mask, int parts, int hidden) => new()
    {
        Offsets = (int*)batch.Offsets.Address,
        Sentences = batch.Sentences,
        Longest = batch.LongestSentence,
        Heads = heads,
        Hidden = hidden,
        Draws = new DropoutDraws(mask),
        Parts = parts,
    };
}
