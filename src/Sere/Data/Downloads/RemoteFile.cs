using System.Security.Cryptography;

namespace Sere.Data.Downloads;

/// <summary>A file of a data set that mirrors serve: gzipped, under its name and ".gz", or in an archive.</summary>
/// <param name="Name">The name of the unpacked file.</param>
/// <param name="Size">The size of the unpacked file, in bytes.</param>
/// <param name="Digest">
/// The SHA-256 of the unpacked file, 64 lower-case hexadecimal digits, or its MD5, 32 of them, where its makers published
/// no other: nobody is known to be able to make another file of a given MD5.
/// </param>
public sealed record RemoteFile(string Name, long Size, string Digest)
{
    private const int Md5Length = 32;

    /// <summary>A file of its first part, which will do where the whole one is not there; null where there is none.</summary>
    public RemoteFile? Abridged { get; init; }

    /// <summary>The SHA-256 of the unpacked file, or null where it is known by its MD5.</summary>
    public string? Sha256 => Digest.Length == Md5Length ? null : Digest;

    /// <summary>The MD5 of the unpacked file, or null where it is known by its SHA-256.</summary>
    public string? Md5 => Digest.Length == Md5Length ? Digest : null;

    /// <summary>The name that mirrors serve the file under, and that it has on this disk.</summary>
    public string GzipName => Name + DataFile.GzipSuffix;

    /// <summary>
    /// The most bytes that a gzip file of this content can have: deflate makes nothing longer by a hundredth, and a
    /// header is short.
    /// </summary>
    internal long LargestGzip => LargestGzipOf(Size);

    internal static long LargestGzipOf(long size) => size + (size / 100) + 4096;

    /// <summary>Starts a digest of the kind that the file is known by.</summary>
    internal IncrementalHash StartDigest() =>
        IncrementalHash.CreateHash(Md5 is null ? HashAlgorithmName.SHA256 : HashAlgorithmName.MD5);

    /// <summary>Whether a digest that <see cref="StartDigest"/> began is the file's; it begins anew.</summary>
    internal bool Matches(IncrementalHash digest) =>
        string.Equals(Convert.ToHexStringLower(digest.GetHashAndReset()), Digest, StringComparison.Ordinal);
}
