using TorchSharp;

namespace Sere.Storage;

/// <summary>The element types of a safetensors file that TorchSharp has too, with their names and sizes in bytes.</summary>
internal static class SafeTensorsTypes
{
    private static readonly (string Name, torch.ScalarType Type, int Size)[] All =
    [
        ("BOOL", torch.ScalarType.Bool, 1),
        ("U8", torch.ScalarType.Byte, 1),
        ("I8", torch.ScalarType.Int8, 1),
        ("I16", torch.ScalarType.Int16, 2),
        ("I32", torch.ScalarType.Int32, 4),
        ("I64", torch.ScalarType.Int64, 8),
        ("F16", torch.ScalarType.Float16, 2),
        ("BF16", torch.ScalarType.BFloat16, 2),
        ("F32", torch.ScalarType.Float32, 4),
        ("F64", torch.ScalarType.Float64, 8),
    ];

    /// <summary>The type of a name in a header; none if it is not known.</summary>
    public static torch.ScalarType? Find(string name)
    {
        foreach (var known in All)
        {
            if (string.Equals(known.Name, name, StringComparison.Ordinal))
            {
                return known.Type;
            }
        }

        return null;
    }

    /// <summary>Whether tensors of the type can be written.</summary>
    public static bool IsSupported(torch.ScalarType type) => Array.Exists(All, known => known.Type == type);

    /// <summary>The name of the type in a header.</summary>
    public static string NameOf(torch.ScalarType type) => Array.Find(All, known => known.Type == type).Name;

    /// <summary>The size of one element in bytes.</summary>
    public static int SizeOf(torch.ScalarType type) => Array.Find(All, known => known.Type == type).Size;
}
