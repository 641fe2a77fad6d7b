namespace EsimCse.Formats;

/// <summary>
/// Limits of the sizes that a table states, so that a damaged file takes no gigabytes. A run of one value takes few
/// bytes in a file, text at least a 64th.
/// </summary>
static class DecodedSize
{
    const long Ratio = 64;

    /// <summary>Returns the most bytes that a part of a file may decode to.</summary>
    public static long MaxBytes(long fileBytes) => (1L << 26) + Ratio * fileBytes;

    /// <summary>Returns the most rows that a part of a file may have.</summary>
    public static long MaxRows(long fileBytes) => Math.Min(Array.MaxLength, (1L << 20) + Ratio * fileBytes);
}
