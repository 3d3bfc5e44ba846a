using Sere.Runs;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class MetricsLogTests : FolderTests
{
    private string LogPath => _folder.File("metrics.jsonl");

    [Fact]
    public void What_was_written_is_read_back_bit_for_bit()
    {
        RunMetrics[] epochs = [Epoch(1, Math.PI), Epoch(2, double.NaN), Epoch(3, 1e-300)];
        MetricsLog.Write(LogPath, epochs);
        Assert.Equal(3, File.ReadAllLines(LogPath).Length);
        var read = MetricsLog.Read(LogPath);
        Assert.Equal(epochs.Select(Text), read.Select(Text));
        MetricsLog.Write(LogPath, read);
        Assert.Equal(epochs.Select(Text), MetricsLog.Read(LogPath).Select(Text));
    }

    [Fact]
    public void Without_a_file_there_are_no_epochs() => Assert.Empty(MetricsLog.Read(LogPath));

    [Theory]
    [InlineData("{\"step\":1")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("WITHOUT elbo")]
    [InlineData("NULL klPerLayer")]
    [InlineData("NULL epoch")]
    [InlineData("MORE epochs")]
    public void A_damaged_line_is_refused_with_the_name_of_the_file(string line)
    {
        MetricsLog.Write(LogPath, [Epoch(1, -2)]);
        string sound = File.ReadAllText(LogPath).TrimEnd();
        line = line.Split(' ') switch
        {
            ["WITHOUT", var name] => sound.Replace($"\"{name}\":-2,", "", StringComparison.Ordinal),
            ["NULL", "klPerLayer"] => sound.Replace("[0.5,0.25]", "null", StringComparison.Ordinal),
            ["NULL", _] => sound.Replace("\"epoch\":1", "\"epoch\":null", StringComparison.Ordinal),
            ["MORE", var name] => sound.Replace("{", $"{{\"{name}\":3,", StringComparison.Ordinal),
            _ => line,
        };
        Assert.NotEqual(sound, line);
        File.WriteAllText(LogPath, $"{sound}\n{line}\n");
        string message = Assert.Throws<SereException>(() => MetricsLog.Read(LogPath)).Message;
        Assert.StartsWith($"'{LogPath}' cannot be read as metrics", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_lines_before_a_damaged_one_can_be_kept_with_a_warning()
    {
        MetricsLog.Write(LogPath, [Epoch(1, -2), Epoch(2, -1)]);
        File.AppendAllText(LogPath, "{\n");
        var warnings = new List<string>();
        Assert.Equal([1, 2], MetricsLog.Read(LogPath, warnings.Add).Select(epoch => epoch.Epoch));
        Assert.Contains($"'{LogPath}' cannot be read as metrics because line 3", Assert.Single(warnings));
    }

    [Fact]
    public void A_huge_file_is_refused_before_it_is_read()
    {
        using (var stream = File.Create(LogPath))
        {
            stream.SetLength((1L << 28) + 1);
        }

        Assert.Contains("too large", Assert.Throws<SereException>(() => MetricsLog.Read(LogPath)).Message);
    }

    private static string Text(RunMetrics metrics) =>
        $"{metrics with { KlPerLayer = [] }} {string.Join(' ', metrics.KlPerLayer.Select(kl => $"{kl:R}"))}";

    private static RunMetrics Epoch(int epoch, double elbo) => new()
    {
        Step = 10L * epoch,
        Epoch = epoch,
        Beta = 1.0 / 3,
        LearningRate = 2e-3,
        Elbo = elbo,
        LogLikelihoodTerm = -3.5,
        KlPerLayer = [0.5, 0.25],
        GradientNorm = double.PositiveInfinity,
        SkippedSteps = 0,
        ImagesPerSecond = 1234.5,
        ValidationElbo = -0.1,
        Seconds = 7,
    };
}
