using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class Cifar10ReaderTests : FolderTests
{
    [Fact]
    public void A_record_is_a_label_and_three_planes()
    {
        byte[] file = Cifar10File.Build(2);
        ImageSet images = Cifar10Reader.ReadFile(_folder.Write("batch.bin", file));
        Assert.Equal(new ImageShape(3, 32, 32), images.Shape);
        Assert.Equal([0, 1], images.Labels!);
        Assert.Equal([.. file[1..3073], .. file[3074..]], images.Pixels);
    }

    [Fact]
    public void Five_files_are_the_training_images_in_their_order_and_the_last_are_for_validation()
    {
        WriteTraining();
        _folder.Write("cifar10/test_batch.bin", Cifar10File.Build(3, first: 20));
        DatasetSplits splits = DatasetCatalog.Load("cifar10", _folder.Path, 3, 1);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], splits.Train.Labels!);
        Assert.Equal([7, 8, 9], splits.Validation.Labels!);
        Assert.Equal([0, 1, 2], splits.Test.Labels!);
        Assert.Equal(Cifar10File.Build(1, first: 6)[1..], splits.Train.Pixels[^3072..]);
    }

    [Fact]
    public void The_first_test_images_will_do_where_the_others_are_not_there()
    {
        WriteTraining();
        _folder.Write("cifar10/test_batch_first1000.bin", Cifar10File.Build(2));
        Assert.Equal(2, DatasetCatalog.Load("cifar10", _folder.Path, 1, 1).Test.Count);
        _folder.Write("cifar10/test_batch.bin", Cifar10File.Build(5));
        Assert.Equal(5, DatasetCatalog.Load("cifar10", _folder.Path, 1, 1).Test.Count);
    }

    [Theory]
    [InlineData("data_batch_4.bin")]
    [InlineData("test_batch.bin")]
    public void A_missing_file_is_named_with_what_to_do(string name)
    {
        WriteTraining();
        _folder.Write("cifar10/test_batch.bin", Cifar10File.Build(1));
        File.Delete(_folder.File("cifar10/" + name));
        string message = Assert.Throws<SereException>(() => DatasetCatalog.Load("cifar10", _folder.Path, 1, 1)).Message;
        Assert.Equal(
            $"'{name}' of data set 'cifar10' is not in '{_folder.File("cifar10")}'; get it with sere data fetch cifar10, or "
            + "set SERE_DATA or --data-dir to the folder that holds 'cifar10/'.",
            message);
    }

    [Theory]
    [InlineData(3072)]
    [InlineData(3074)]
    [InlineData(10_001 * 3073)]
    public void A_size_that_is_no_number_of_records_is_refused(int length)
    {
        string path = _folder.Write("batch.bin", new byte[length]);
        Assert.Equal(
            $"'{path}' has {length} bytes, which are not 1 to 10000 records of CIFAR-10 of 3073 bytes each; copy or download "
            + "it again.",
            Assert.Throws<SereException>(() => Cifar10Reader.ReadFile(path)).Message);
    }

    [Fact]
    public void An_empty_file_is_refused()
    {
        string path = _folder.Write("batch.bin", []);
        Assert.Contains("is empty", Assert.Throws<SereException>(() => Cifar10Reader.ReadFile(path)).Message);
    }

    [Fact]
    public void A_label_that_there_is_not_is_refused_with_its_record()
    {
        byte[] file = Cifar10File.Build(3);
        file[2 * 3073] = 10;
        string path = _folder.Write("batch.bin", file);
        Assert.Equal(
            $"'{path}' has the label 10 in record 2, where CIFAR-10 has labels from 0 to 9; copy or download it again.",
            Assert.Throws<SereException>(() => Cifar10Reader.ReadFile(path)).Message);
    }

    [Theory]
    [InlineData("cifar-10-batches-bin/", ".bin")]
    [InlineData("cifar10/cifar-10-batches-bin/", ".bin")]
    [InlineData("cifar-10-batches-py/", "")]
    [InlineData("cifar10/", "")]
    public void Files_are_found_where_the_archives_put_them_and_the_python_version_has_the_same_images(string folder, string ending)
    {
        byte[] Form(byte[] records) => ending.Length > 0 ? records : Cifar10File.BuildPickle(records);
        for (int number = 1; number <= 5; number++)
        {
            _folder.Write($"{folder}data_batch_{number}{ending}", Form(Cifar10File.Build(300, first: 2 * (number - 1))));
        }

        _folder.Write($"{folder}test_batch{ending}", Form(Cifar10File.Build(3, first: 4)));
        DatasetSplits splits = DatasetCatalog.Load("cifar10", _folder.Path, 3, 1);
        Assert.Equal([4, 5, 6], splits.Test.Labels!);
        byte[] file = Cifar10File.Build(300);
        Assert.Equal([.. file[1..3073], .. file[3074..6146]], splits.Train.Pixels[..6144]);
        Assert.Equal(6, splits.Remarks.Count);
        Assert.All(splits.Remarks, remark => Assert.Contains("does not hold the images of CIFAR-10", remark));
    }

    [Fact]
    public void Another_pickle_is_refused_and_runs_nothing()
    {
        string path = _folder.Write("data_batch_1", [0x80, 2, .. "cos\nsystem\n(U\u0004true"u8, 0x85, .. "R."u8]);
        Assert.Equal(
            $"'{path}' is not a batch of the Python version of CIFAR-10 because it holds no labels and data of type uint8; copy "
            + "or download it again.",
            Assert.Throws<SereException>(() => Cifar10Reader.ReadFile(path)).Message);
    }

    /// <summary>Two records a file.</summary>
    private void WriteTraining()
    {
        for (int number = 1; number <= 5; number++)
        {
            _folder.Write($"cifar10/data_batch_{number}.bin", Cifar10File.Build(2, first: 2 * (number - 1)));
        }
    }
}
