using EsimCse.Core;
using EsimCse.Cuda.Matmul;

namespace EsimCse.Tests.Cuda;

public class MatmulShapeTests
{
    [Fact]
    public void File_keys_keep_the_format_of_tables_that_were_tuned_before()
    {
        MatmulShape shape = new(4, 5, 6, true, false, ElementType.BFloat16, ElementType.Float32, null, true);
        string start = "ProductShape { Rows = 4, Columns = 5, Inner = 6, TransposeA = True, TransposeB = False, ";
        string types = "Input = BFloat16, Output = Float32, ";
        Assert.Equal($"{start}{types}Bias = , Accumulate = True }}", shape.FileKey);
        shape = shape with { Bias = ElementType.BFloat16 };
        Assert.Equal($"{start}{types}Bias = BFloat16, Accumulate = True }}", shape.FileKey);
        shape = shape with { Batch = new(12, 1, 2, 3) };
        Assert.Equal($"{start}{types}Bias = BFloat16, Accumulate = True, Batch = 12 }}", shape.FileKey);
    }

    [Fact]
    public void Only_a_batch_invariant_shape_has_one_key_for_every_number_of_columns()
    {
        MatmulShape shape = new(4, 5, 6, true, false, ElementType.BFloat16, ElementType.Float32, null, true);
        MatmulShape wider = shape with { Columns = 7 };
        Assert.NotEqual(shape.Key, wider.Key);
        Assert.NotEqual(shape.FileKey, wider.FileKey);
        MatmulShape invariant = shape with { BatchInvariant = true };
        Assert.Equal(invariant.Key, (wider with { BatchInvariant = true }).Key);
        Assert.Equal(invariant.FileKey, (wider with { BatchInvariant = true }).FileKey);
        Assert.NotEqual(shape.FileKey, invariant.FileKey);
    }
}
