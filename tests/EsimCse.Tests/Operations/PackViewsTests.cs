using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class PackViewsTests
{
    /// <summary>
    /// Backend, augmentation, whether the paper's formula, whether drawn at each step. On CUDA the published formula is
    /// marked exhaustive for all but one augmentation.
    /// </summary>
    public static TheoryData<string, Augmentation, bool, bool> Cases
    {
        get
        {
            TheoryData<string, Augmentation, bool, bool> cases = [];
            foreach (string device in Backends.Names)
                foreach (Augmentation kind in Enum.GetValues<Augmentation>())
                    foreach (bool paperFormula in new[] { false, true })
                    {
                        bool eachStep = kind == Augmentation.Word;
                        TheoryDataRow<string, Augmentation, bool, bool> row = new(device, kind, paperFormula, eachStep);
                        bool isRepresentative = device != Backends.Cuda || paperFormula || kind == Augmentation.Subword;
                        cases.Add(isRepresentative ? row : TestCategory.MarkExhaustive(row));
                    }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_batch_holds_its_sentences_and_their_positive_views(
        string device, Augmentation kind, bool paperFormula, bool eachStep)
    {
        using PackViewsCase packing = new(Backends.Create(device), kind, paperFormula, eachStep);
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
