using System.Security.Cryptography;
using Sere.Data.Downloads;

namespace Sere.Tests.Data.Downloads;

/// <summary>Files of a few thousand bytes that hardly shrink, and the data sets that they make.</summary>
internal static class SmallDataset
{
    public const int Size = 3000;

    /// <summary>What a file holds.</summary>
    public static byte[] Content(int seed = 1)
    {
        byte[] content = new byte[Size];
        new Random(seed).NextBytes(content);
        return content;
    }

    /// <summary>The file of a content.</summary>
    public static RemoteFile File(string name, byte[] content) =>
        new(name, content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));

    /// <summary>A data set of one file, "first".</summary>
    public static RemoteDataset Single(params Uri[] mirrors) => new("small", mirrors, [File("first", Content())]);

    /// <summary>A data set of two files, "first" and "second".</summary>
    public static RemoteDataset Pair(params Uri[] mirrors) =>
        new("small", mirrors, [File("first", Content()), File("second", Content(2))]);
}
