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
    public void The_quick_start_judges_and_draws_with_a_run()
    {
        var result = BuiltProgram.QuickStart.RunIn(_folder.Path, _run.Root, _run.ImageFolder).Done();
        Assert.Matches(@"^000\.png: novelty \d+\.\d, above \d+ % of normal images(, flagged)?\n", result.Output);
        Assert.Equal(TrainedRun.Images + 1, result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        using var picture = new DecodedPicture(_folder.File("quickstart-samples.png"));
        Assert.Equal(((4 * 57) + 1, (4 * 57) + 1), picture.Size);
    }

    [Fact]
    public void The_held_out_digit_gets_an_area_under_the_curve()
    {
        var result = BuiltProgram.HeldOutDigit.RunIn(_folder.Path, "8", "1", "300", "60").Done();
        Assert.Matches(
            @"^mean log p\(x\) of the nine digits: -\d+\.\d nats, of the digit 8: -\d+\.\d nats\narea under the ROC curve: [01]\.\d{3} by likelihood, [01]\.\d{3} by novelty\n$",
            result.Output);
    }
}
