namespace EsimCse.Formats;

/// <summary>The type in which the elements of vectors are stored.</summary>
enum OutputType
{
    /// <summary>IEEE 754 binary32.</summary>
    Float32,

    /// <summary>IEEE 754 binary16.</summary>
    Float16,

    /// <summary>Signed 8-bit integers, scaled by one factor a column.</summary>
    Int8,

    /// <summary>One bit an element: whether it is positive.</summary>
    Binary,
}
