namespace EsimCse.Core.Backend;

/// <summary>
/// The identity of a piece of device work: equal keys mean the same operations and sizes on the same buffers.
/// </summary>
/// <param name="Owner">The object whose work it is; the model and its options are the owner's.</param>
/// <param name="Part">The name of the work within its owner.</param>
/// <param name="Sentences">Sentences of the batch.</param>
/// <param name="Tokens">Rows of the batch.</param>
/// <param name="LongestSentence">The batch's <see cref="PackedBatch.LongestSentence"/>.</param>
/// <param name="Ids">The address of the batch.</param>
/// <param name="Memory">The address of the activations.</param>
/// <param name="MaskedTokens">Rows for the chosen tokens of the masked-language loss; 0 without it.</param>
public readonly record struct GraphKey(
    object Owner,
    string Part,
    int Sentences,
    int Tokens,
    int LongestSentence,
    nint Ids,
    nint Memory,
    int MaskedTokens = 0);
