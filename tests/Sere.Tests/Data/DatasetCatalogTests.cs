using Sere.Data;
using Sere.Data.Downloads;
using Xunit;

namespace Sere.Tests.Data;

public sealed class DatasetCatalogTests : FolderTests
{
    [Fact]
    public void Digits_are_built_in_and_the_same_for_every_seed()
    {
        DatasetSplits first = DatasetCatalog.Load("digits", null, 1000, seed: 1);
        DatasetSplits second = DatasetCatalog.Load("digits", null, 1000, seed: 2);
        Assert.Equal((9000, 1000, 2000), (first.Train.Count, first.Validation.Count, first.Test.Count));
        Assert.Equal(new ImageShape(1, 28, 28), first.Train.Shape);
        Assert.Equal("digits", first.Name);
        Assert.Equal(first.Test.Pixels, second.Test.Pixels);
        Assert.Equal(first.Train.Pixels, second.Train.Pixels);
    }

    [Theory]
    [InlineData("mnits", "mnist")]
    [InlineData("digit", "digits")]
    [InlineData("images:", "images:DIR")]
    public void An_unknown_name_is_refused_with_the_nearest(string name, string nearest)
    {
        string message = Assert.Throws<UsageException>(() => DatasetCatalog.Load(name, null, 0, 1)).Message;
        Assert.Contains($"'{name}'", message);
        Assert.Contains("digits, mnist, fashion-mnist, cifar10, parts, parts-colour, two-moons, checkerboard, rings, images:DIR", message);
        Assert.Contains($"did you mean '{nearest}'?", message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Mnist_is_read_from_the_data_folder(bool zipped)
    {
        WriteMnist("train", 6, 4, 5, zipped);
        WriteMnist("t10k", 3, 4, 5, zipped);
        DatasetSplits splits = DatasetCatalog.Load("mnist", _folder.Path, 2, 1);
        Assert.Equal(IdxFile.Counting(6 * 20)[..80], splits.Train.Pixels);
        Assert.Equal(IdxFile.Counting(6 * 20)[80..], splits.Validation.Pixels);
        Assert.Equal(IdxFile.Counting(6)[4..], splits.Validation.Labels!);
        Assert.Equal(IdxFile.Counting(3 * 20), splits.Test.Pixels);
        Assert.Equal(IdxFile.Counting(3), splits.Test.Labels!);
    }

    [Theory]
    [InlineData("mnist", "mnist/", ".idx")]
    [InlineData("mnist", "mnist/raw/", "-idx")]
    [InlineData("mnist", "MNIST/raw/", "-idx")]
    [InlineData("fashion-mnist", "fashion-mnist/", ".idx")]
    [InlineData("fashion-mnist", "FashionMNIST/raw/", "-idx")]
    public void Mnist_is_read_where_other_tools_put_it_and_under_the_names_that_they_give_it(
        string name, string folder, string dotted)
    {
        foreach (string part in (string[])["train", "t10k"])
        {
            _folder.Write($"{folder}{part}-images{dotted}3-ubyte", IdxFile.Build([4, 2, 2], IdxFile.Counting(16)));
            _folder.Write($"{folder}{part}-labels{dotted}1-ubyte.gz", IdxFile.Zip(IdxFile.Build([4], IdxFile.Counting(4))));
        }

        Assert.Equal(IdxFile.Counting(16), DatasetCatalog.Load(name, _folder.Path, 0, 1).Train.Pixels);
        Assert.Equal(4, LocalDataset.CountFiles(DatasetInfo.FindDownload(name), _folder.Path));
    }

    [Fact]
    public void Files_of_another_set_under_the_names_of_mnist_are_told_by_their_digest_and_labels_may_be_missing()
    {
        WriteMnist("train", 6, 4, 5, zipped: false);
        WriteMnist("t10k", 3, 4, 5, zipped: false);
        File.Delete(_folder.File("mnist/t10k-labels-idx1-ubyte"));
        DatasetSplits splits = DatasetCatalog.Load("mnist", _folder.Path, 2, 1);
        Assert.Collection(
            splits.Remarks,
            remark => Assert.Contains("train-images-idx3-ubyte' does not hold the images of mnist", remark),
            remark => Assert.Contains("t10k-images-idx3-ubyte' does not hold the images of mnist", remark),
            remark => Assert.Contains("The labels of", remark));
        Assert.Null(splits.Test.Labels);
        Assert.NotNull(splits.Train.Labels);
    }

    [Theory]
    [InlineData("mnist")]
    [InlineData("fashion-mnist")]
    public void Mnist_itself_is_read_without_a_remark(string name)
    {
        string? folder = Environment.GetEnvironmentVariable(DataFolder.EnvironmentVariable);
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder ?? "", name)), $"{name} is not there.");
        Assert.Empty(DatasetCatalog.Load(name, folder, 0, 1).Remarks);
    }

    /// <summary>Their files have the same names, and nothing in them says whose they are.</summary>
    [Fact]
    public void The_files_of_one_data_set_are_not_taken_for_those_of_another()
    {
        _folder.Write("MNIST/raw/train-images-idx3-ubyte", IdxFile.Build([4, 2, 2], IdxFile.Counting(16)));
        string message = Assert.Throws<SereException>(() => DatasetCatalog.Load("fashion-mnist", _folder.Path, 0, 1)).Message;
        Assert.Contains("'train-images-idx3-ubyte' or 'train-images-idx3-ubyte.gz' of data set 'fashion-mnist' is not in", message);
        Assert.Contains("'fashion-mnist/' or 'FashionMNIST/raw/'", message);
    }

    [Fact]
    public void Parts_are_few_and_a_tenth_at_most_are_for_validation()
    {
        DatasetSplits parts = DatasetCatalog.Load("parts-colour", null, validationImages: 5000, 1);
        Assert.Equal((270, 30, 100), (parts.Train.Count, parts.Validation.Count, parts.Test.Count));
        Assert.Equal(new ImageShape(3, 64, 64), parts.Train.Shape);
        Assert.Equal((50, parts.Train.Shape), (parts.Defects!.Count, parts.Defects.Shape));
        DatasetSplits fewer = DatasetCatalog.Load("parts", null, validationImages: 20, 1);
        Assert.Equal((280, 20), (fewer.Train.Count, fewer.Validation.Count));
        Assert.Equal(new ImageShape(1, 64, 64), fewer.Train.Shape);
    }

    [Fact]
    public void The_scale_of_known_data_is_no_choice()
    {
        Assert.Equal(ValueScale.Bytes, DatasetCatalog.Load("digits", null, 0, 1, scale: ValueScale.Bytes).Scale);
        Assert.Contains(
            "dataset.scale",
            Assert.Throws<UsageException>(() => DatasetCatalog.Load("digits", null, 0, 1, scale: ValueScale.Binary)).Message);
        Assert.Equal(ValueScale.Real, DatasetCatalog.Load("rings", null, 0, 1).Scale);
    }

    [Fact]
    public void A_folder_has_one_name_with_and_without_a_separator_at_its_end()
    {
        Assert.Equal("images:" + _folder.Path, DatasetCatalog.WithFullPath($"images:{_folder.Path}/"));
        Assert.Equal("images:/", DatasetCatalog.WithFullPath("images:/"));
    }

    [Fact]
    public void A_missing_file_is_refused_with_the_folder_and_what_to_set()
    {
        WriteMnist("train", 6, 4, 5, zipped: true);
        string message = Assert.Throws<SereException>(() => DatasetCatalog.Load("mnist", _folder.Path, 2, 1)).Message;
        Assert.Contains("t10k-images-idx3-ubyte", message);
        Assert.Contains($"'{_folder.File("mnist")}'", message);
        Assert.Contains("SERE_DATA or --data-dir", message);
    }

    [Fact]
    public void Labels_that_do_not_fit_the_images_are_refused()
    {
        WriteMnist("train", 6, 4, 5, zipped: false);
        WriteMnist("t10k", 3, 4, 5, zipped: false);
        _folder.Write("mnist/t10k-labels-idx1-ubyte", IdxFile.Build([2], new byte[2]));
        string message = Assert.Throws<SereException>(() => DatasetCatalog.Load("mnist", _folder.Path, 2, 1)).Message;
        Assert.Contains("holds 2 labels for the 3 images", message);
    }

    [Fact]
    public void A_folder_of_images_is_split_once_and_for_all_by_its_seed()
    {
        WriteImages(40);
        DatasetSplits splits = LoadImages(6, seed: 1);
        Assert.Equal((32, 4, 4), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        byte[] all = [.. splits.Train.Pixels, .. splits.Validation.Pixels, .. splits.Test.Pixels];
        Assert.Equal(Enumerable.Range(0, 40), all.Order().Select(value => (int)value));
        string[] names = [.. splits.Train.Names!, .. splits.Validation.Names!, .. splits.Test.Names!];
        Assert.Equal(Array.ConvertAll(all, value => $"{value:D3}.png"), names);
        Assert.Equal(splits.Test.Pixels, LoadImages(0, seed: 1).Test.Pixels);
        Assert.NotEqual(splits.Test.Pixels, LoadImages(6, seed: 2).Test.Pixels);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(5000, 2)]
    public void A_folder_gives_at_most_a_tenth_for_validation(int asked, int given)
    {
        WriteImages(20);
        DatasetSplits splits = LoadImages(asked, seed: 1);
        Assert.Equal((18 - given, given, 2), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
    }

    [Fact]
    public void A_folder_needs_ten_images()
    {
        WriteImages(9);
        Assert.Contains("at least 10", Assert.Throws<SereException>(() => LoadImages(1, seed: 1)).Message);
        WriteImages(10);
        DatasetSplits splits = LoadImages(1, seed: 1);
        Assert.Equal((8, 1, 1), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
    }

    private DatasetSplits LoadImages(int validationImages, long seed) =>
        DatasetCatalog.Load("images:" + _folder.Path, null, validationImages, seed);

    /// <summary>Images of one pixel whose value is their number.</summary>
    private void WriteImages(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _folder.Write($"{i:D3}.png", Pictures.Grey(1, 1, (byte)i));
        }
    }

    private void WriteMnist(string part, uint count, uint height, uint width, bool zipped)
    {
        Write($"{part}-images-idx3-ubyte", [count, height, width]);
        Write($"{part}-labels-idx1-ubyte", [count]);

        void Write(string name, uint[] sizes)
        {
            int length = (int)sizes.Aggregate((left, right) => left * right);
            byte[] file = IdxFile.Build(sizes, IdxFile.Counting(length));
            _folder.Write(Path.Combine("mnist", zipped ? name + ".gz" : name), zipped ? IdxFile.Zip(file) : file);
        }
    }
}
