using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu.Attention;

/// <summary>
/// Buffers and sizes of one attention operation. Queries are those of every token (rows of qkv) or of each sentence's
/// first token (rows of their own); keys and values are always those of every token. A stride is the distance between
/// rows.
/// </summary>
unsafe struct AttentionArguments
{
    public float* Q;
    public float* K;
    public float* V;
    public float* O;

    /// <summary>Log-sum-exp of the scaled scores, [Heads, QueryRows]; null where it is not wanted.</summary>
    public float* Lse;

    public float* DOut;
    public float* DQ;
    public float* DK;
    public float* DV;
    public int* Offsets;
    public int QStride;
    public int KvStride;
    public int HiddenSize;
    public int Heads;
    public int Sentences;
    public int LongestSentence;
    public int QueryRows;

    /// <summary>Whether only each sentence's first token has a query.</summary>
    public bool FirstTokenOnly;

    public PhiloxDropout Dropout;

    public readonly int HeadSize => HiddenSize / Heads;

    public readonly float Scale => 1 / MathF.Sqrt(HeadSize);

    /// <summary>Takes queries, keys and values from columns of one matrix, and their gradients from another.</summary>
    public static AttentionArguments FromQkv(Matrix qkv, Matrix dqkv, PackedBatch batch, int heads, DropoutMask mask)
    {
        int hidden = qkv.Columns / 3;
        AttentionArguments arguments = FromBatch(batch, heads, mask, hidden);
        arguments.Q = (float*)qkv.Address;
        arguments.K = arguments.Q + hidden;
        arguments.V = arguments.Q + 2 * hidden;
        arguments.DQ = (float*)dqkv.Address;
        arguments.DK = arguments.DQ + hidden;
        arguments.DV = arguments.DQ + 2 * hidden;
        arguments.QStride = 3 * hidden;
        arguments.KvStride = 3 * hidden;
        arguments.QueryRows = batch.Tokens;
        return arguments;
    }

    /// <summary>Takes one query per sentence from q, and keys and values from columns of kv.</summary>
    public static AttentionArguments FromClsQuery(
        Matrix q, Matrix kv, Matrix dq, Matrix dkv, PackedBatch batch, int heads, DropoutMask mask)
    {
        int hidden = q.Columns;
        AttentionArguments arguments = FromBatch(batch, heads, mask, hidden);
        arguments.Q = (float*)q.Address;
        arguments.K = (float*)kv.Address;
        arguments.V = arguments.K + hidden;
        arguments.DQ = (float*)dq.Address;
        arguments.DK = (float*)dkv.Address;
        arguments.DV = arguments.DK + hidden;
        arguments.QStride = hidden;
        arguments.KvStride = 2 * hidden;
        arguments.QueryRows = batch.Sentences;
        arguments.FirstTokenOnly = true;
        return arguments;
    }

    static AttentionArguments FromBatch(PackedBatch batch, int heads, DropoutMask mask, int hidden) => new()
    {
        Offsets = (int*)batch.Offsets.Address,
        Sentences = batch.Sentences,
        LongestSentence = batch.LongestSentence,
        Heads = heads,
        HiddenSize = hidden,
        Dropout = new PhiloxDropout(mask),
    };
}
