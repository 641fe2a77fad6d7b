namespace EsimCse.Core.Backend;

/// <summary>
/// How second views are drawn from first ones, as a pure function of (seed, line in the corpus, step or 0): of a sentence's N units (pieces, or words) between
/// [CLS] and [SEP], n are drawn without replacement and written twice in place, or what <see cref="Augmentation"/> says. Wu et al., ESimCSE, arXiv 2109.04380.
/// </summary>
/// <remarks>
/// The draws are <see cref="Philox"/>'s words one after another: counter = (word / 4, 0x1000, line, step), a draw below b is word · b / 2³². The first gives n; then unit
/// i of the shuffle is exchanged with one from i on; then, kind by kind, what is put in. Pieces that would pass <see cref="MaxPositions"/> are dropped from the
/// end, [SEP] kept.
/// </remarks>
/// <param name="Augmentation">What happens to a drawn unit.</param>
/// <param name="Rate">Share of the units, 0 … 1.</param>
/// <param name="PaperFormula">n uniform on 0 … max(2, ⌊rate N⌋); else, as published, on 0 … m − 1 with m = min(10, ⌊rate (N + 2)⌋). At most N.</param>
/// <param name="EachStep">Drawn anew each step; else once, with 0 in place of the step.</param>
/// <param name="Seed">The key of the draws.</param>
/// <param name="MaxPositions">A view has at most so many tokens.</param>
/// <param name="MaskId">[MASK].</param>
/// <param name="ContinuesWord">Int32 [1,V]: 1 for pieces that continue a word; absent but for <see cref="Augmentation.Word"/>.</param>
/// <param name="Insertions">Int32 [1,·]: the pieces that are put in; absent but for <see cref="Augmentation.Insert"/> and <see cref="Augmentation.Stopword"/>.</param>
public readonly record struct AugmentationSpec(Augmentation Augmentation, double Rate, bool PaperFormula, bool EachStep, ulong Seed, int MaxPositions, int MaskId, Matrix ContinuesWord = default, Matrix Insertions = default);

/// <summary>The sentences to train on, in device memory.</summary>
/// <param name="Tokens">Int32 [1,·]: all sentences' ids end to end, specials included.</param>
/// <param name="Starts">Int32 [1,C+1]: where each sentence starts, and the last ends.</param>
/// <param name="Lines">Int32 [1,C]: each sentence's line number in the corpus.</param>
/// <param name="Order">Int32 [1,C]: the order in which an epoch takes them.</param>
public readonly record struct CorpusMemory(Matrix Tokens, Matrix Starts, Matrix Lines, Matrix Order);
