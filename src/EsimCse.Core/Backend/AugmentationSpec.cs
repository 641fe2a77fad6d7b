namespace EsimCse.Core.Backend;

/// <summary>
/// The augmentation of positives, a pure function of (seed, line in the corpus, step or 0). Of a sentence's N units (tokens, or
/// words) between [CLS] and [SEP], n are drawn without replacement and written twice in place, or treated as
/// <see cref="Augmentation"/> says. Wu et al., ESimCSE, arXiv 2109.04380.
/// </summary>
/// <remarks>
/// The draws are the words of <see cref="Philox"/> in order: counter = (word / 4, 0x1000, line, step); a draw below b is
/// word · b / 2³². The first draw gives n; then unit i of the shuffle is exchanged with one from i on; then the inserted
/// tokens are drawn. Tokens past <see cref="MaxPositions"/> are dropped from the end, [SEP] excepted.
/// </remarks>
/// <param name="Augmentation">The change to a drawn unit.</param>
/// <param name="Rate">Share of the units, 0 … 1.</param>
/// <param name="Formula">The range of n, which is at most N.</param>
/// <param name="Draw">The step counter of the draws: the step's number, or 0 to draw once.</param>
/// <param name="Seed">The key of the draws.</param>
/// <param name="MaxPositions">The most tokens of a positive.</param>
/// <param name="MaskId">The id of [MASK].</param>
/// <param name="ContinuesWord">
/// Int32 [1,V]: 1 for tokens that continue a word. Read for <see cref="Augmentation.Word"/> only.
/// </param>
/// <param name="Insertions">
/// Int32 [1,·]: the tokens to insert. Read for <see cref="Augmentation.Insert"/> and <see cref="Augmentation.Stopword"/> only.
/// </param>
public readonly record struct AugmentationSpec(
    Augmentation Augmentation,
    double Rate,
    RepetitionFormula Formula,
    RepetitionDraw Draw,
    ulong Seed,
    int MaxPositions,
    int MaskId,
    Matrix ContinuesWord = default,
    Matrix Insertions = default);
