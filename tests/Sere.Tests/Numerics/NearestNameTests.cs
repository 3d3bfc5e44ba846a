using Sere.Numerics;
using Xunit;

namespace Sere.Tests.Numerics;

public sealed class NearestNameTests
{
    private static readonly string[] Known = ["layers", "latents", "partition", "coupling", "evidence", "mlp"];

    [Theory]
    [InlineData("layer", "layers")]
    [InlineData("Layers", "layers")]
    [InlineData("latnets", "latents")]
    [InlineData("evidnce", "evidence")]
    [InlineData("couplings", "coupling")]
    [InlineData("mpl", "mlp")]
    [InlineData("part", "partition")]
    public void A_misspelt_name_leads_to_the_nearest_one(string name, string expected) =>
        Assert.Equal(expected, NearestName.Find(name, Known));

    [Theory]
    [InlineData("")]
    [InlineData("zzz")]
    [InlineData("temperature")]
    public void A_name_that_resembles_nothing_has_no_suggestion(string name) =>
        Assert.Null(NearestName.Find(name, Known));

    [Fact]
    public void Of_two_equally_near_names_the_earlier_is_suggested() =>
        Assert.Equal("beta1", NearestName.Find("beta", ["beta1", "beta2"]));

    [Fact]
    public void A_very_long_name_is_not_compared() =>
        Assert.Null(NearestName.Find(new string('a', 1_000_000), [new string('a', 100)]));

    [Fact]
    public void No_known_names_give_no_suggestion() => Assert.Null(NearestName.Find("layers", []));
}
