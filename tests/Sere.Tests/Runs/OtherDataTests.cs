using Sere.Runs;
using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class OtherDataTests
{
    [Theory]
    [InlineData("digits", "digits")]
    [InlineData("mnist", "digits-mnist")]
    [InlineData("images:/data/good parts/", "digits-good-parts")]
    [InlineData("npy:/data/vectors.v2.npz", "digits-vectors.v2")]
    [InlineData("images:/data/.été, deux.", "digits-été--deux")]
    [InlineData("images:/", "digits-data")]
    public void A_configuration_is_named_after_other_data_than_its_own(string dataset, string name)
    {
        var own = Presets.Load("digits");
        var described = OtherData.Describe(own, dataset);
        Assert.Equal(name, described.Name);
        Assert.Equal(string.Equals(own.Name, name, StringComparison.Ordinal), described.Description.Contains("built-in", StringComparison.Ordinal));
        described.Validate();
    }

    [Fact]
    public void A_long_name_is_cut_to_what_a_configuration_takes()
    {
        var described = OtherData.Describe(Presets.Load("digits"), "images:/data/" + new string('x', 200));
        Assert.Equal("digits-" + new string('x', 93), described.Name);
        described.Validate();
    }
}
