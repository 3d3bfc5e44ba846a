using Sere.Tests.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class QuickStartTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainedRun _run;

    public QuickStartTests(TrainedRun run)
    {
        _run = run;
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_example_scores_and_draws_with_a_run()
    {
        var result = BuiltProgram.QuickStart.RunIn(_folder.Path, _run.Root).Done();
        Assert.StartsWith("log p(x) >= -", result.Output, StringComparison.Ordinal);
        Assert.Equal(5, result.Output.Split('\n')[0].Split(", ").Length);
        using var picture = new DecodedPicture(_folder.File("quickstart-samples.png"));
        Assert.Equal(((4 * 57) + 1, (4 * 57) + 1), picture.Size);
    }
}
