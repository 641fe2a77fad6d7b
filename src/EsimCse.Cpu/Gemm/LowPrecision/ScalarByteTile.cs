namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>The portable kernel of products of bytes.</summary>
sealed unsafe class ScalarByteTile() : PartedTile(partRows: 1, partColumns: 1)
{
    protected override void RunPart(long steps, int* a, int* b, int* sums)
    {
        int sum = 0;
        for (; steps > 0; steps--, a += Height, b += Columns)
            for (int i = 0; i < sizeof(int); i++) sum += ((sbyte*)a)[i] * ((byte*)b)[i];
        *sums = sum;
    }
}
