namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>The portable kernel of products of bytes.</summary>
sealed unsafe class ScalarByteTile : LowPrecisionTile
{
    public override void Run(in TileArguments arguments, int rows)
    {
        sbyte* a = (sbyte*)arguments.A;
        byte* b = (byte*)arguments.B;
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < Columns; column++)
            {
                int sum = 0;
                for (long step = 0; step < arguments.Steps; step++)
                {
                    sbyte* left = a + (step * Rows + row) * sizeof(int);
                    byte* right = b + (step * Columns + column) * sizeof(int);
                    for (int i = 0; i < sizeof(int); i++) sum += left[i] * right[i];
                }
                arguments.Sums[row * Columns + column] = sum;
            }
    }
}
