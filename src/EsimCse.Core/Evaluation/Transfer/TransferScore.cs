namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>The accuracies of a linear classifier on the vectors of a transfer task, 0 … 1.</summary>
/// <param name="Accuracy">The accuracy on the test set, or its mean over the folds that were held out.</param>
/// <param name="Dev">The accuracy on the dev set, or in cross-validation, of the strength that was chosen
/// by it.</param>
public sealed record TransferScore(double Accuracy, double Dev);
