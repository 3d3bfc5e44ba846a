using System.Buffers.Binary;
using System.Text;

namespace Sere.Tests.Storage;

/// <summary>Builds npy files in memory, sound and unsound ones.</summary>
internal static class NpyBytes
{
    public static byte[] Build(string literal, byte[] data, byte major = 1, byte minor = 0) =>
        Build(Encoding.Latin1.GetBytes(literal), data, major, minor);

    public static byte[] Build(byte[] text, byte[] data, byte major = 1, byte minor = 0)
    {
        byte[] size = new byte[major == 1 ? 2 : 4];
        if (major == 1)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(size, (ushort)text.Length);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(size, (uint)text.Length);
        }

        return [0x93, .. "NUMPY"u8, major, minor, .. size, .. text, .. data];
    }

    public static byte[] Array(string descriptor, string shape, byte[] data, bool isFortran = false, byte major = 1) =>
        Build(Literal(descriptor, shape, isFortran), data, major);

    public static string Literal(string descriptor, string shape, bool isFortran = false) =>
        $"{{'descr': '{descriptor}', 'fortran_order': {isFortran}, 'shape': {shape}, }}      \n";
}
