using Sere.Data;
using Sere.Data.Downloads;
using Xunit;

namespace Sere.Tests.Data.Downloads;

public sealed class DatasetInfoTests
{
    [Fact]
    public void Every_data_set_that_has_a_name_of_its_own_is_known() => Assert.Equal(
        DatasetCatalog.Names.Where(name => !name.Contains(':', StringComparison.Ordinal)),
        DatasetInfo.Known.Select(info => info.Name));

    [Theory]
    [InlineData("digits")]
    [InlineData("parts")]
    [InlineData("parts-colour")]
    public void The_figures_of_what_is_built_in_are_those_of_its_images(string name)
    {
        DatasetInfo info = DatasetInfo.Find(name);
        DatasetSplits splits = DatasetCatalog.Load(name, null, 0, 1);
        Assert.Equal((info.TrainImages, info.TestImages), (splits.Train.Count, splits.Test.Count));
        Assert.Equal(info.Shape, splits.Test.Shape);
        Assert.Null(info.Download);
    }

    [Fact]
    public void A_download_is_found_by_its_name() => Assert.Same(RemoteDataset.Mnist, DatasetInfo.FindDownload("mnist"));

    [Fact]
    public void An_unknown_name_is_refused_with_the_nearest()
    {
        string known = Assert.Throws<UsageException>(() => DatasetInfo.Find("digts")).Message;
        Assert.Equal("There is no data set 'digts'; known are digits, mnist, fashion-mnist, cifar10, parts, parts-colour, two-moons, checkerboard, rings; did you mean 'digits'?", known);
        string download = Assert.Throws<UsageException>(() => DatasetInfo.FindDownload("nmist")).Message;
        Assert.Equal("There is no data set 'nmist'; known are mnist, fashion-mnist, cifar10; did you mean 'mnist'?", download);
    }

    [Fact]
    public void What_is_built_in_needs_no_download()
    {
        string message = Assert.Throws<UsageException>(() => DatasetInfo.FindDownload("digits")).Message;
        Assert.Contains("'digits' is built in and needs no download", message);
    }
}
