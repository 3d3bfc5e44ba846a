namespace Sere.Storage;

/// <summary>
/// One array in a file of NumPy's npy format. Versions 1.0 to 3.0 are read, in either byte order and either order of the
/// elements; reading one runs no code and takes memory in proportion to the file. Arrays of Python objects, of text or
/// of records are refused.
/// </summary>
public static class NpyFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SereException">
    /// The file cannot be read, is damaged, or holds no plain numbers; the message says what is wrong.
    /// </exception>
    public static NpyArray Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream file = OrdinaryFile.OpenRead(path);
            string subject = $"The file '{path}'";
            NpyHeader header = NpyReader.ReadHeader(file, file.Length, subject);
            byte[] data = new byte[header.DataLength];
            file.ReadExactly(data);
            return NpyReader.ToArray(header, data, subject);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }
    }

    /// <summary>Writes a file, whole or not at all, in version 1.0 of the format.</summary>
    /// <param name="path">The file; an older one of that name is replaced.</param>
    /// <param name="array">The array.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, NpyArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        AtomicFile.Write(path, stream => Write(stream, array));
    }

    /// <summary>Writes head and data to a stream.</summary>
    internal static void Write(Stream stream, NpyArray array)
    {
        stream.Write(NpyHeader.Encode(array.Type, array.Shape));
        stream.Write(array.Data);
    }
}
