using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class PackViewsTests
{
    /// <summary>
    /// Backend, augmentation, formula, draw. On CUDA the official formula is marked exhaustive for all but one
    /// augmentation.
    /// </summary>
    public static TheoryData<string, Augmentation, RepetitionFormula, RepetitionDraw> Cases
    {
        get
        {
            TheoryData<string, Augmentation, RepetitionFormula, RepetitionDraw> cases = [];
            foreach (string device in Backends.Names)
                foreach (Augmentation kind in Enum.GetValues<Augmentation>())
                    foreach (RepetitionFormula formula in Enum.GetValues<RepetitionFormula>())
                    {
                        RepetitionDraw draw = kind == Augmentation.Word ? RepetitionDraw.Step : RepetitionDraw.Once;
                        TheoryDataRow<string, Augmentation, RepetitionFormula, RepetitionDraw> row =
                            new(device, kind, formula, draw);
                        bool isSweep = formula == RepetitionFormula.Official && kind != Augmentation.Subword;
                        cases.Add(device == Backends.Cuda && isSweep ? TestCategory.MarkExhaustive(row) : row);
                    }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_batch_holds_its_sentences_and_their_positive_views(
        string device, Augmentation kind, RepetitionFormula formula, RepetitionDraw draw)
    {
        using PackViewsCase packing = new(Backends.Create(device), kind, formula, draw);
        CheckStep(step: 1, first: 0, pairs: 5); // the first step
        CheckStep(step: 3, first: 10, pairs: 3); // the last step of the epoch, with a smaller batch
        CheckStep(step: 5, first: 5, pairs: 5); // a step of the second epoch

        void CheckStep(int step, int first, int pairs)
        {
            int[][] views = packing.ExpectedViews(step, first, pairs);
            foreach (int padding in new[] { 0, 1, 150 }) packing.CheckPacked(step, views, padding);
        }
    }
}
