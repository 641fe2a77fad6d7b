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
    }
}
