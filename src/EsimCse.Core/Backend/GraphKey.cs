namespace EsimCse.Core.Backend;

/// <summary>What makes two pieces of device work the same: the same operations, of the same sizes, on the same buffers.</summary>
/// <param name="Owner">Whose work it is: models and options are the owner's.</param>
/// <param name="Part">Which of its pieces.</param>
/// <param name="Sentences">Of the batch.</param>
/// <param name="Tokens">Rows of the batch.</param>
/// <param name="LongestSentence">Of the batch.</param>
/// <param name="Ids">Where the batch lies.</param>
/// <param name="Memory">Where the results in between lie.</param>
public readonly record struct GraphKey(object Owner, string Part, int Sentences, int Tokens, int LongestSentence, nint Ids, nint Memory);
