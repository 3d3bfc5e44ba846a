using Sere.Storage;

namespace Sere.Data;

/// <summary>What a file of images is by its first bytes, whatever its name says.</summary>
internal enum FileKind
{
    /// <summary>None of the others; IDX files have no certain mark.</summary>
    Other,

    Picture,

    /// <summary>A TIFF image, which is not read.</summary>
    Tiff,

    Npy,

    /// <summary>A zip archive, such as one of NumPy's arrays.</summary>
    Zip,

    Gzip,
}

/// <summary>Tells files by their first bytes.</summary>
internal static class FileKinds
{
    private const int Length = 12;

    public static FileKind Of(string path) => FileFault.Reading(path, () =>
    {
        using FileStream file = OrdinaryFile.OpenRead(path);
        return Of(file);
    });

    /// <summary>The kind of a file; where its first bytes do not say it, the kind that its name claims.</summary>
    public static FileKind OfImages(string path) => Of(path) is not FileKind.Other and var kind ? kind
        : ImageFolderReader.IsPicture(path) ? FileKind.Picture
        : Path.GetExtension(path).ToUpperInvariant() is ".NPY" or ".NPZ" ? FileKind.Npy
        : FileKind.Other;

    /// <summary>The kind of a stream, which is at its start before and afterwards.</summary>
    public static FileKind Of(Stream stream)
    {
        Span<byte> start = stackalloc byte[Length];
        int held = stream.ReadAtLeast(start, Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return Of(start[..held]);
    }

    public static FileKind Of(ReadOnlySpan<byte> content) =>
        content.StartsWith(NpyFile.Magic) ? FileKind.Npy
        : content.StartsWith("PK"u8) ? FileKind.Zip
        : content.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? FileKind.Gzip
        : content.StartsWith("II*\0"u8) || content.StartsWith("MM\0*"u8) ? FileKind.Tiff
        : content.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G'])
            || content.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])
            || content.StartsWith("BM"u8)
            || (content.Length >= Length && content.StartsWith("RIFF"u8) && content[8..].StartsWith("WEBP"u8)) ? FileKind.Picture
        : FileKind.Other;
}
