using Sere.Numerics;
using Sere.Storage;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class ContentDigestTests : FolderTests
{
    [Fact]
    public void The_digest_is_the_published_one_of_the_standard()
    {
        // The example of FIPS 180-2, appendix B.1.
        string path = _folder.File("abc");
        File.WriteAllText(path, "abc");
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ContentDigest.OfFile(path));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string path = _folder.File("missing");
        var error = Assert.Throws<SereException>(() => ContentDigest.OfFile(path));
        Assert.Contains($"'{path}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("it does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_called_a_folder()
    {
        var error = Assert.Throws<SereException>(() => ContentDigest.OfFile(_folder.Path));
        Assert.Contains("it is a folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_digest_of_tensors_knows_each_name_type_shape_and_bit()
    {
        using var scope = torch.NewDisposeScope();
        var values = TensorArithmetic.Indices(6, torch.ScalarType.Float32);
        string digest = Digest("a", values);
        var changed = values.clone();
        changed[5] = torch.tensor(5.0000005f);
        Assert.Equal(digest, Digest("a", torch.stack([values, values], 1).select(1, 0)));
        Assert.NotEqual(digest, Digest("b", values));
        Assert.NotEqual(digest, Digest("a", values.view(2, 3)));
        Assert.NotEqual(digest, Digest("a", values.to(torch.ScalarType.Float64)));
        Assert.NotEqual(digest, Digest("a", changed));
        Assert.NotEqual(
            ContentDigest.OfTensors([("a", values), ("b", changed)]), ContentDigest.OfTensors([("b", changed), ("a", values)]));
    }

    private static string Digest(string name, torch.Tensor value) => ContentDigest.OfTensors([(name, value)]);
}
