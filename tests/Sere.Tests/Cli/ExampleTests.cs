using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
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
        var result = BuiltProgram.HeldOutDigit.RunIn(_folder.Path, "8", "1", "120", "30").Done();
        Assert.Matches(
            @"^mean log p\(x\) of the nine digits: -\d+\.\d nats, of the digit 8: -\d+\.\d nats\narea under the ROC curve: [01]\.\d{3} by likelihood, [01]\.\d{3} by novelty\n$",
            result.Output);
    }

    [Fact]
    public async Task The_service_judges_an_image_and_refuses_what_is_none()
    {
        using var program = BuiltProgram.ScoreService.Start(_folder.Path, "--run", _run.Root, "--urls", "http://127.0.0.1:0");
        using var client = new HttpClient { BaseAddress = new Uri(program.WaitForOutput("Now listening on: ")) };

        // What is refused before it is read is not sent.
        client.DefaultRequestHeaders.ExpectContinue = true;
        var stop = TestContext.Current.CancellationToken;
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/health", UriKind.Relative), stop)).StatusCode);
        while ((await client.GetAsync(new Uri("/ready", UriKind.Relative), stop)).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(20, stop);
        }

        byte[] image = await File.ReadAllBytesAsync(Directory.GetFiles(_run.ImageFolder, "*.png")[0], stop);
        var (status, verdict) = await Post("/verdict", "image/png", image);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(28 * 28, verdict.GetProperty("map").GetProperty("values").GetArrayLength());
        Assert.InRange(verdict.GetProperty("percentile").GetDouble(), 0, 100);

        var (refused, problem) = await Post("/verdict", "image/png", [1, 2, 3]);
        Assert.Equal(HttpStatusCode.BadRequest, refused);
        Assert.Equal(400, problem.GetProperty("status").GetInt32());
        Assert.DoesNotContain("Exception", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await Post("/verdict?falsePositiveRate=2", "image/png", image)).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await Post("/verdict", "text/plain", image)).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await Post("/verdict", "image/png", new byte[(8 << 20) + 1])).Status);
        var document = await client.GetFromJsonAsync<JsonElement>(new Uri("/openapi/v1.json", UriKind.Relative), stop);
        Assert.True(document.GetProperty("paths").TryGetProperty("/verdict", out _));
        program.Interrupt();
        program.Finish().Done();

        async Task<(HttpStatusCode Status, JsonElement Answer)> Post(string path, string type, byte[] content)
        {
            using var body = new ByteArrayContent(content);
            body.Headers.ContentType = new MediaTypeHeaderValue(type);
            using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), body, stop);
            return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(stop));
        }
    }
}
