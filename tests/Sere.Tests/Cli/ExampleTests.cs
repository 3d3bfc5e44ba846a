using Sere.Tests.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class ExampleTests : FolderTests
{
    private readonly TrainedRun _run;

    public ExampleTests(TrainedRun run)
    {
        _run = run;
    }

    [Fact]
    public void The_quick_start_scores_and_draws_with_a_run()
    {
        var result = BuiltProgram.QuickStart.RunIn(_folder.Path, _run.Root).Done();
        Assert.StartsWith("log p(x) >= -", result.Output, StringComparison.Ordinal);
        Assert.Equal(5, result.Output.Split('\n')[0].Split(", ").Length);
        using var picture = new DecodedPicture(_folder.File("quickstart-samples.png"));
        Assert.Equal(((4 * 57) + 1, (4 * 57) + 1), picture.Size);
    }

    [Fact]
    public void The_held_out_digit_gets_an_area_under_the_curve()
    {
        var result = BuiltProgram.HeldOutDigit.RunIn(_folder.Path, "8", "1", "300", "60").Done();
        Assert.Matches(
            @"^mean log p\(x\) of the nine digits: -\d+\.\d nats, of the digit 8: -\d+\.\d nats\narea under the ROC curve: [01]\.\d{3}\n$",
            result.Output);
    }
}
