namespace Sere.Storage;

/// <summary>The types of numbers that an array of a NumPy file may hold.</summary>
public enum NpyElementType
{
    /// <summary>True or false, one byte each.</summary>
    Boolean,

    /// <summary>Whole numbers from 0 to 255.</summary>
    UInt8,

    /// <summary>Whole numbers of 8 bits with a sign.</summary>
    Int8,

    /// <summary>Whole numbers of 16 bits without a sign.</summary>
    UInt16,

    /// <summary>Whole numbers of 16 bits with a sign.</summary>
    Int16,

    /// <summary>Whole numbers of 32 bits without a sign.</summary>
    UInt32,

    /// <summary>Whole numbers of 32 bits with a sign.</summary>
    Int32,

    /// <summary>Whole numbers of 64 bits without a sign.</summary>
    UInt64,

    /// <summary>Whole numbers of 64 bits with a sign.</summary>
    Int64,

    /// <summary>Floating-point numbers of 16 bits.</summary>
    Float16,

    /// <summary>Floating-point numbers of 32 bits.</summary>
    Float32,

    /// <summary>Floating-point numbers of 64 bits.</summary>
    Float64,
}
