using System.Reflection;
using System.Runtime.InteropServices;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Tests.Cuda;

/// <summary>The structs that kernels take by value have no bytes but those of their members.</summary>
/// <remarks>
/// Padding has any value, also that of an address that is not live, at which the software device ends the launch.
/// </remarks>
public class KernelStructTests
{
    public static TheoryData<Type> Structs =>
    [
        .. typeof(KernelArgument).Assembly.GetTypes().Where(type =>
            type.IsValueType && type != typeof(KernelArgument) && type.Namespace == typeof(KernelArgument).Namespace
            && type.Name.EndsWith("Argument", StringComparison.Ordinal)),
        typeof(PendingSum),
    ];

    [Theory]
    [MemberData(nameof(Structs))]
    public void No_byte_is_padding(Type type)
    {
        FieldInfo[] members = type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public);
        Assert.NotEmpty(members);
        Assert.Equal(members.Sum(member => Marshal.SizeOf(member.FieldType)), Marshal.SizeOf(type));
    }
}
