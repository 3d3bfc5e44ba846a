using System.Security.Cryptography;
using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class PartsGeneratorTests
{
    private const int Plane = 64 * 64;

    private static readonly ImageSet Train = PartsGenerator.GenerateTrain(colour: false);
    private static readonly ImageSet Test = PartsGenerator.GenerateTest(colour: false);
    private static readonly ImageSet Defects = PartsGenerator.GenerateDefects(colour: false);

    /// <summary>
    /// The pixels are part of every published figure on "parts". A change of a digest is a change of the data set: it makes
    /// all earlier figures void.
    /// </summary>
    [Theory]
    [InlineData(false, "42bd7e08d849e1337710866a3bb62ffb5a08c54550925ec97b92e269c677c961")]
    [InlineData(true, "2b23bc200b009256b66c053296d568afd85b6fab3bd55fa3bc6236bd61db3735")]
    public void The_images_are_the_same_bytes_on_every_machine(bool colour, string digest)
    {
        ImageSet[] sets =
        [
            PartsGenerator.GenerateTrain(colour), PartsGenerator.GenerateTest(colour), PartsGenerator.GenerateDefects(colour),
        ];
        Assert.Equal([300, 100, 50], sets.Select(set => set.Count));
        Assert.Equal(digest, Convert.ToHexStringLower(SHA256.HashData([.. sets.SelectMany(set => set.Pixels)])));
    }

    [Fact]
    public void A_shorter_set_is_the_beginning_of_a_longer_one_and_another_seed_gives_others()
    {
        Assert.Equal(Train.Slice(0, 7).Pixels, PartsGenerator.GenerateTrain(colour: false, 7).Pixels);
        Assert.NotEqual(Train.Slice(0, 7).Pixels, PartsGenerator.GenerateTrain(colour: false, 7, seed: 2).Pixels);
        Assert.Empty(PartsGenerator.GenerateDefects(colour: true, 0).Pixels);
    }

    [Fact]
    public void No_two_images_are_equal_within_or_across_the_sets()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (ImageSet images in new[] { Train, Test, Defects })
        {
            for (int i = 0; i < images.Count; i++)
            {
                Assert.True(seen.Add(Convert.ToBase64String(images.Slice(i, 1).Pixels)));
            }
        }
    }

    [Fact]
    public void Names_tell_the_kinds_of_defects_which_come_in_turns()
    {
        Assert.Equal("part-099.png", Test.Names![^1]);
        string[] kinds = ["scratch", "dent", "stain", "chip", "missing-hole", "missing-print"];
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{kinds[i % 6]}-{i:D3}.png"), Defects.Names);
    }

    /// <summary>With light from the other side, or planes in another order, neither would hold.</summary>
    [Fact]
    public void The_colours_are_those_of_a_blue_casting_with_a_yellow_bush()
    {
        byte[] pixels = PartsGenerator.GenerateTrain(colour: true, 20).Pixels;
        double Mean(int plane, int row, int column) =>
            Enumerable.Range(0, 20).Average(i => pixels[(((3 * i) + plane) * Plane) + (row * 64) + column]);

        // Right of the bush there is casting, in its ring brass.
        Assert.True(Mean(2, 32, 43) > Mean(0, 32, 43) + 30);
        Assert.True(Mean(0, 32, 24) > Mean(2, 32, 24) + 60);
    }

    [Theory]
    [InlineData(PartDefect.Scratch)]
    [InlineData(PartDefect.Dent)]
    [InlineData(PartDefect.Stain)]
    [InlineData(PartDefect.Chip)]
    [InlineData(PartDefect.MissingHole)]
    [InlineData(PartDefect.MissingPrint)]
    internal void A_defect_is_seen_and_is_local(PartDefect defect)
    {
        for (int i = 0; i < 30; i++)
        {
            byte[] normal = Draw(i, null);
            byte[] faulty = Draw(i, defect);

            // Noise alone is never farther apart.
            int[] places = [.. Enumerable.Range(0, Plane).Where(place => Math.Abs(normal[place] - faulty[place]) > 17)];
            Assert.InRange(places.Length, 4, 150);
            Assert.InRange(places.Max(place => place / 64) - places.Min(place => place / 64), 0, 15);
            Assert.InRange(places.Max(place => place % 64) - places.Min(place => place % 64), 0, 15);
        }
    }

    [Fact]
    public void What_is_missing_makes_a_picture_simpler_and_a_scratch_does_not()
    {
        double scratches = 0;
        for (int i = 0; i < 30; i++)
        {
            double normal = Roughness(Draw(i, null));
            Assert.True(Roughness(Draw(i, PartDefect.MissingHole)) < normal);
            Assert.True(Roughness(Draw(i, PartDefect.MissingPrint)) < normal);
            // One by one they may run over the print, and make it smoother.
            scratches += Roughness(Draw(i, PartDefect.Scratch)) - normal;
        }

        Assert.True(scratches > 0);
    }

    private static byte[] Draw(int index, PartDefect? defect)
    {
        byte[] picture = new byte[Plane];
        new PartDrawing(new IntegerRandom(1, 0, index), defect).Write(picture);
        return picture;
    }

    private static double Roughness(byte[] picture)
    {
        double Squared(int place, int step) => Math.Pow(picture[place] - picture[place + step], 2);
        return Enumerable.Range(0, Plane - 64).Where(place => place % 64 != 63)
            .Sum(place => Squared(place, 1) + Squared(place, 64));
    }
}
