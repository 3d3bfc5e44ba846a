using Sere.Data.Downloads;
using Xunit;

namespace Sere.Tests.Data.Downloads;

public sealed class LocalDatasetTests : FolderTests
{
    private readonly RemoteDataset _dataset = SmallDataset.Pair();

    [Fact]
    public void Nothing_is_missing_files_and_no_folder()
    {
        LocalDataset local = LocalDataset.Inspect(_dataset, _folder.Path);
        Assert.Equal(_folder.File("small"), local.Folder);
        Assert.Equal([LocalFileState.Missing, LocalFileState.Missing], local.Files.Select(file => file.State));
        Assert.All(local.Files, file => Assert.Null(file.Path));
        Assert.Equal(0, LocalDataset.CountFiles(_dataset, _folder.Path));
        Assert.Equal(
            $"Data set 'small' is not complete in '{local.Folder}' (missing: first, second; damaged: none); run sere data "
            + "fetch small.",
            Assert.Throws<SereException>(local.RequireUsable).Message);
        Assert.Empty(_folder.FileNames());
    }

    [Fact]
    public void Files_are_verified_by_their_content_in_either_form()
    {
        string first = _folder.Write("small/first", SmallDataset.Content());
        string second = _folder.Write("small/second.gz", IdxFile.Zip(SmallDataset.Content(2)));
        LocalDataset local = LocalDataset.Inspect(_dataset, _folder.Path);
        Assert.True(local.IsComplete);
        Assert.Equal([first, second], local.Files.Select(file => file.Path));
        Assert.Equal(2, LocalDataset.CountFiles(_dataset, _folder.Path));
        local.RequireUsable();
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("flipped")]
    [InlineData("long")]
    public void A_damaged_file_is_seen_and_replaced_by_force(string damage)
    {
        byte[] content = SmallDataset.Content();
        content[^1] ^= 1;
        _folder.Write("small/first", damage switch
        {
            "short" => SmallDataset.Content()[..^1],
            "flipped" => content,
            "long" => [.. SmallDataset.Content(), 0],
            _ => [],
        });
        LocalDataset local = LocalDataset.Inspect(_dataset, _folder.Path);
        Assert.Equal(LocalFileState.Damaged, local.Files[0].State);
        Assert.False(local.IsComplete);
        Assert.Equal(
            $"Data set 'small' is not complete in '{local.Folder}' (missing: second; damaged: first); run sere data fetch "
            + "small --force.",
            Assert.Throws<SereException>(local.RequireUsable).Message);
    }

    [Fact]
    public void The_file_that_is_read_is_the_one_that_is_judged()
    {
        // Unpacked files are read before gzipped ones.
        _folder.Write("small/first", [1, 2, 3]);
        _folder.Write("small/first.gz", IdxFile.Zip(SmallDataset.Content()));
        Assert.Equal(LocalFileState.Damaged, LocalDataset.Inspect(_dataset, _folder.Path).Files[0].State);
    }

    [Fact]
    public void What_a_broken_off_download_left_is_counted_and_is_no_file()
    {
        _folder.Write("small/first.gz.part", new byte[123]);
        LocalDataset local = LocalDataset.Inspect(_dataset, _folder.Path);
        Assert.Equal(LocalFileState.Missing, local.Files[0].State);
        Assert.Equal([123, 0], local.Files.Select(file => file.PartialBytes));
        Assert.Equal(0, LocalDataset.CountFiles(_dataset, _folder.Path));
    }
}
