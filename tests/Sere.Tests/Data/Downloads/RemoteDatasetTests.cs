using Sere.Data;
using Sere.Data.Downloads;
using Xunit;

namespace Sere.Tests.Data.Downloads;

public sealed class RemoteDatasetTests : FolderTests
{
    [Theory]
    [InlineData("mnist")]
    [InlineData("fashion-mnist")]
    public void The_files_of_mnist_have_the_sizes_of_its_images_and_labels(string name)
    {
        DatasetInfo info = DatasetInfo.Find(name);
        RemoteFile[] files = [.. info.Download!.Files];
        int image = info.Shape.Dimensions;
        Assert.Equal(
            [16 + (info.TrainImages * image), 8 + info.TrainImages, 16 + (info.TestImages * image), 8 + info.TestImages],
            files.Select(file => file.Size));
        Assert.All(files, file => Assert.Matches("^[0-9a-f]{64}$", file.Sha256));
        Assert.Equal(4, files.Select(file => file.Sha256).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void The_files_of_cifar10_have_the_sizes_of_its_records()
    {
        DatasetInfo info = DatasetInfo.Find("cifar10");
        RemoteFile[] files = [.. RemoteDataset.Cifar10.Files];
        Assert.All(files, file => Assert.Equal(10_000L * (1 + info.Shape.Dimensions), file.Size));
        Assert.Equal(info.TrainImages + info.TestImages, files.Sum(file => file.Size) / (1 + info.Shape.Dimensions));
        Assert.All(files, file => Assert.Matches("^[0-9a-f]{32}$", file.Md5));
        Assert.Equal(6, files.Select(file => file.Md5).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(info.AbridgedTestImages!.Value * (1L + info.Shape.Dimensions), files[^1].Abridged!.Size);
    }

    [Fact]
    public void What_is_downloaded_of_mnist_is_what_is_loaded()
    {
        string folder = RemoteDataset.Mnist.FolderIn(_folder.Path);
        foreach (RemoteFile file in RemoteDataset.Mnist.Files)
        {
            bool images = file.Name.Contains("images", StringComparison.Ordinal);
            byte[] content = images ? IdxFile.Build([3, 2, 2], new byte[12]) : IdxFile.Build([3], new byte[3]);
            _folder.Write(Path.Combine(folder, file.GzipName), IdxFile.Zip(content));
        }

        DatasetSplits splits = DatasetCatalog.Load("mnist", _folder.Path, 1, 1);
        Assert.Equal((2, 1, 3), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
    }

    [Fact]
    public void Addresses_of_files_are_made_of_mirror_and_name() => Assert.All(RemoteDataset.Mnist.Mirrors, mirror =>
    {
        Assert.Equal("https", mirror.Scheme);
        Assert.Equal(mirror + "a.gz", new Uri(mirror, "a.gz").ToString());
    });

    [Theory]
    [InlineData("http://localhost:80/mnist", "http://localhost/mnist/")]
    [InlineData("https://example.org/a/b//", "https://example.org/a/b/")]
    [InlineData("https://example.org", "https://example.org/")]
    public void A_mirror_is_the_address_of_a_folder(string address, string mirror) =>
        Assert.Equal([new Uri(mirror)], RemoteDataset.Mnist.FromMirror(address).Mirrors);

    [Theory]
    [InlineData("")]
    [InlineData("example.org/mnist")]
    [InlineData("/srv/mnist")]
    [InlineData("ftp://example.org/mnist")]
    [InlineData("file:///srv/mnist")]
    [InlineData("https://example.org/mnist?key=1")]
    [InlineData("https://example.org/mnist#part")]
    [InlineData("https://user:secret@example.org/mnist")]
    public void What_is_no_such_address_is_refused(string address)
    {
        string message = Assert.Throws<UsageException>(() => RemoteDataset.Mnist.FromMirror(address)).Message;
        Assert.StartsWith($"'{address}' is not the address of a mirror", message, StringComparison.Ordinal);
    }
}
