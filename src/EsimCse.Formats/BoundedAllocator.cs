using System.Buffers;
using Apache.Arrow.Memory;

namespace EsimCse.Formats;

/// <summary>Memory for buffers of an Arrow file, whose sizes a damaged file may overstate.</summary>
/// <param name="fileBytes">The size of the file.</param>
sealed class BoundedAllocator(long fileBytes) : NativeMemoryAllocator
{
    /// <inheritdoc/>
    protected override IMemoryOwner<byte> AllocateInternal(int length, out int bytesAllocated)
    {
        if (length <= DecodedSize.MaxBytes(fileBytes)) return base.AllocateInternal(length, out bytesAllocated);
        throw new InvalidDataException($"found a buffer of {length} bytes in a file of {fileBytes}");
    }
}
