using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Sere.Cli.Studio;
using Sere.Runs;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>
/// The studio by its requests. Shown to fail without the comparison of the Host header, of Sec-Fetch-Site and Origin, of the token, of the
/// names of a run, of a picture, of a folder of images, of what is above it or a link, and with a pool that lets two computations of one
/// model run at once.
/// </summary>
public sealed class StudioTests : FolderTests
{
    private readonly TrainedRun _run;

    public StudioTests(TrainedRun run)
    {
        _run = run;
        _ = _run.Copy(_folder.File("runs/one"));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "", "", HttpStatusCode.OK)]
    [InlineData("none", "", "", HttpStatusCode.Unauthorized)]
    [InlineData("wrong", "", "", HttpStatusCode.Unauthorized)]
    [InlineData("", "Host", "sere.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("", "Host", "localhost.sere.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("", "Host", "localhost", HttpStatusCode.OK)]
    [InlineData("", "Origin", "http://sere.example", HttpStatusCode.Forbidden)]
    [InlineData("", "Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("", "Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("", "Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden)]
    [InlineData("", "Sec-Fetch-Site", "same-origin", HttpStatusCode.OK)]
    public async Task Only_who_has_the_token_and_comes_from_the_page_is_answered(
        string token, string header, string value, HttpStatusCode expected)
    {
        await using var studio = await StartAsync();
        using var client = Client(studio, token);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/runs");
        if (header.Length > 0)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        using var response = await client.SendAsync(request, Cancellation);
        Assert.Equal(expected, response.StatusCode);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.Equal(expected == HttpStatusCode.OK, text.Contains("\"runs\"", StringComparison.Ordinal));
        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_printed_address_leaves_a_cookie_that_no_script_and_no_other_site_gets()
    {
        await using var studio = await StartAsync();
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler);
        using var response = await client.GetAsync(studio.Address, Cancellation);
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal("/", response.Headers.Location!.ToString());
        string cookie = response.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("<main", await client.GetStringAsync(new Uri(studio.Address, "/"), Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/run?run=../runs/one")]
    [InlineData("/api/run?run=one/checkpoints")]
    [InlineData("/api/metrics?run=/etc")]
    [InlineData("/api/picture?run=one&name=../config.json")]
    [InlineData("/api/picture?run=one&name=config.json")]
    [InlineData("/api/comparison?comparison=one")]
    [InlineData("/api/images?root=/&path=etc")]
    [InlineData("/api/images?root=ROOT&path=..")]
    [InlineData("/api/images?root=ROOT&path=link")]
    [InlineData("/api/images?root=ROOT&path=one/../..")]
    public async Task Nothing_outside_of_the_folder_is_read(string address)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        Directory.CreateSymbolicLink(_folder.File("runs/link"), "/etc");
        await using var studio = await StartAsync();
        using var client = Client(studio);
        using var response = await client.GetAsync(
            address.Replace("ROOT", Uri.EscapeDataString(_folder.File("runs")), StringComparison.Ordinal), Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.EndsWith(".\"}", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_is_shown_with_all_that_it_left()
    {
        await using var studio = await StartAsync();
        using var client = Client(studio);
        var all = await client.GetFromJsonAsync<JsonObject>("/api/runs", Cancellation);
        var summary = Assert.Single(all!["runs"]!.AsArray())!;
        Assert.Equal("one", (string?)summary["id"]);
        Assert.Equal(TrainedRun.Epochs, (int?)summary["epoch"]);
        Assert.Equal("finished", (string?)summary["state"]);
        var epochs = await client.GetFromJsonAsync<JsonArray>("/api/metrics?run=one", Cancellation);
        Assert.Equal(TrainedRun.Epochs, epochs!.Count);
        Assert.Equal(TrainedRun.Layers, epochs[0]!["klPerLayer"]!.AsArray().Count);
        var run = await client.GetFromJsonAsync<JsonObject>("/api/run?run=one", Cancellation);
        Assert.Equal(File.ReadAllText(_folder.File("runs/one/report.md")), (string?)run!["report"]);
        foreach (var picture in run["pictures"]!.AsArray())
        {
            Assert.Equal(
                File.ReadAllBytes(_folder.File($"runs/one/{picture}")),
                await client.GetByteArrayAsync($"/api/picture?run=one&name={picture}", Cancellation));
        }
    }

    [Fact]
    public async Task Images_that_are_links_are_not_judged()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        Directory.CreateDirectory(_folder.File("runs/images/sub"));
        File.CreateSymbolicLink(_folder.File("runs/images/sub/a.png"), Path.Combine(_run.ImageFolder, "000.png"));
        await using var studio = await StartAsync();
        using var client = Client(studio);
        using var asked = JsonContent.Create(
            new { root = _folder.File("runs"), path = "images", resize = false, gray = false, likelihood = false });
        var line = Assert.Single(await PostAsync(client, "/api/verdict-folder?run=one", asked));
        Assert.Contains("'a.png' is a link", (string?)line["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_run_says_why_and_hides_no_other()
    {
        _ = _run.Copy(_folder.File("runs/three"));
        string metrics = _folder.File("runs/three/metrics.jsonl");
        var line = JsonNode.Parse((await File.ReadAllLinesAsync(metrics, Cancellation))[0])!;
        (line["epoch"], line["seconds"]) = (0, 0);
        await File.WriteAllTextAsync(metrics, line.ToJsonString() + "\n", Cancellation);
        Directory.CreateDirectory(_folder.File("runs/two"));
        await File.WriteAllTextAsync(_folder.File("runs/two/config.json"), "{ \"name\": 3", Cancellation);
        await using var studio = await StartAsync();
        using var client = Client(studio);
        var all = await client.GetFromJsonAsync<JsonObject>("/api/runs", Cancellation);
        var runs = all!["runs"]!.AsArray().ToDictionary(run => (string)run!["id"]!, StringComparer.Ordinal);
        Assert.Contains("config.json", (string?)runs["two"]!["error"], StringComparison.Ordinal);
        Assert.Null(runs["one"]!["error"]);
    }

    [Fact]
    public async Task A_verdict_is_that_of_the_command_and_a_damaged_image_is_one_row()
    {
        byte[] image = await File.ReadAllBytesAsync(Path.Combine(_run.ImageFolder, "003.png"), Cancellation);
        await using var studio = await StartAsync();
        using var client = Client(studio);
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(image), "images", "good/003.png" },
            { new ByteArrayContent(image[..200]), "images", "bad/cut.png" },
            { new StringContent("true"), "likelihood" },
        };
        var lines = await PostAsync(client, "/api/verdict?run=one", form);
        var rows = lines.Select(line => line["row"]).OfType<JsonNode>().ToArray();
        using var model = TrainedModel.Load(_run.Root);
        var images = model.Read(image);
        Assert.Equal(model.Verdict(images, cancellation: Cancellation)[0].Novelty, (double)rows[0]["novelty"]!, 1e-9);
        Assert.Equal(model.LogLikelihood(images, 5)[0], (double)rows[0]["logLikelihood"]!, 1e-9);
        Assert.StartsWith("data:image/png;base64,", (string?)rows[0]["map"], StringComparison.Ordinal);
        Assert.Equal("bad/cut.png", (string?)rows[1]["name"]);
        Assert.Equal("bad/cut.png: The image is damaged: not all of its pixels can be decoded; give another.", (string?)rows[1]["error"]);
        Assert.Equal(1, (int?)lines[^1]["result"]!["images"]);
    }

    [Fact]
    public async Task A_folder_with_labels_gets_a_curve()
    {
        string[] names = ["000.png", "001.png", "002.png", "003.png"];
        foreach (string name in names)
        {
            string label = name[2] < '2' ? "good" : "odd";
            _folder.Write($"runs/images/{label}/{name}", await File.ReadAllBytesAsync(Path.Combine(_run.ImageFolder, name), Cancellation));
        }

        await using var studio = await StartAsync();
        using var client = Client(studio);
        var listing = await client.GetFromJsonAsync<JsonObject>(
            $"/api/images?root={Uri.EscapeDataString(_folder.File("runs"))}&path=images/good", Cancellation);
        Assert.Equal(2, (int?)listing!["images"]);
        using var asked = JsonContent.Create(
            new { root = _folder.File("runs"), path = "images", resize = false, gray = false, likelihood = false });
        var lines = await PostAsync(client, "/api/verdict-folder?run=one", asked);
        var result = lines[^1]["result"]!;
        Assert.InRange((double)result["area"]!, 0, 1);
        Assert.Equal([0.0, 0.0], result["curve"]![0]!.AsArray().Select(value => (double)value!));
        Assert.Equal(4, (int?)result["images"]);
    }

    [Theory]
    [InlineData("/api/samples", """{ "count": 101, "seed": 1, "temperature": 1 }""", "1 to 100")]
    [InlineData("/api/samples", """{ "count": 1, "seed": 1, "temperature": -1 }""", "0 to 10")]
    [InlineData("/api/samples", """{ "count": 1, "seed": 1.5, "temperature": 1 }""", "The seed is no whole number")]
    [InlineData("/api/samples", """{ "count": 1, "seed": "9223372036854775808", "temperature": 1 }""", "The seed is no whole number")]
    [InlineData("/api/latents", """{ "seed": "" }""", "The seed is no whole number")]
    [InlineData("/api/samples", """{ "count": "x" """, "not such as")]
    [InlineData("/api/samples", "null", "not such as")]
    [InlineData("/api/latents", """{ "seed": 1, "changes": [{ "layer": 9, "latent": 0, "value": 0 }] }""", "no latent")]
    [InlineData("/api/latents", """{ "seed": 1, "changes": [null] }""", "-10 to 10")]
    [InlineData("/api/threshold", """{ "rate": 0 }""", "0.0001 to 0.5")]
    [InlineData("/api/verdict", "{}", "No images")]
    [InlineData("/api/verdict-folder", """{ "root": "/etc", "path": "" }""", "--images alone")]
    public async Task A_wrong_request_gets_one_sentence(string address, string json, string part)
    {
        await using var studio = await StartAsync();
        using var client = Client(studio);
        using var content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        var lines = await PostAsync(client, $"{address}?run=one", content);
        Assert.Contains(part, (string?)Assert.Single(lines)["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_latent_that_is_set_to_what_it_is_changes_nothing_and_to_another_value_does()
    {
        await using var studio = await StartAsync();
        using var client = Client(studio);
        var usual = await LatentsAsync("[]");
        double value = (double)usual["latents"]![1]![0]!;
        Assert.Equal((string?)usual["image"], (string?)(await LatentsAsync($$"""[{ "layer": 1, "latent": 0, "value": {{value:R}} }]"""))["image"]);
        Assert.NotEqual((string?)usual["image"], (string?)(await LatentsAsync("""[{ "layer": 0, "latent": 0, "value": 4 }]"""))["image"]);
        Assert.Equal(await SampleAsync(client, 3), (string?)usual["image"]);

        async Task<JsonNode> LatentsAsync(string changes)
        {
            using var content = new StringContent(
                $$"""{ "seed": 3, "changes": {{changes}} }""", System.Text.Encoding.UTF8, "application/json");
            return (await PostAsync(client, "/api/latents?run=one", content))[^1]["result"]!;
        }
    }

    [Fact]
    public async Task A_seed_that_no_number_of_a_script_can_hold_is_a_text()
    {
        await using var studio = await StartAsync();
        using var client = Client(studio);
        string? image = await SampleAsync(client, "9007199254740993");
        Assert.Equal(await SampleAsync(client, 9007199254740993), image);
        Assert.NotEqual(await SampleAsync(client, 9007199254740992), image);
    }

    [Fact]
    public async Task A_change_of_a_run_is_told_at_once()
    {
        await using var studio = await StartAsync();
        using var client = Client(studio);
        using var stream = await client.GetStreamAsync("/api/events", Cancellation);
        using var reader = new StreamReader(stream);
        string first = await NextAsync();
        Assert.Contains("\"epoch\":2", first, StringComparison.Ordinal);
        string metrics = _folder.File("runs/one/metrics.jsonl");
        string[] lines = await File.ReadAllLinesAsync(metrics, Cancellation);
        await File.WriteAllTextAsync(metrics, lines[0] + "\n", Cancellation);
        Assert.Contains("\"epoch\":1", await NextAsync(), StringComparison.Ordinal);
        _folder.Write("runs/suite/suite.json", []);
        Assert.Contains("\"comparisons\":[\"suite\"]", await NextAsync(), StringComparison.Ordinal);

        async Task<string> NextAsync()
        {
            string? line;
            do
            {
                line = await reader.ReadLineAsync(Cancellation);
            }
            while (line is not null && !line.StartsWith("data:", StringComparison.Ordinal));
            return line ?? "";
        }
    }

    [Fact]
    public async Task One_computation_runs_at_a_time_and_whoever_waits_is_told()
    {
        using var pool = new ModelPool(null, TimeSpan.FromMinutes(1));
        var run = RunFolder.Existing(_run.Root);
        using var entered = new SemaphoreSlim(0);
        using var release = new SemaphoreSlim(0);
        int inside = 0;
        int most = 0;
        int Compute(TrainedModel model)
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            entered.Release();
            release.Wait(Cancellation);
            Interlocked.Decrement(ref inside);
            return model.Model.Layers;
        }

        var first = pool.UseAsync(run, "", (_, _) => Assert.Fail("Nobody is before the first."), Compute, Cancellation);
        await entered.WaitAsync(Cancellation);
        int told = 0;
        var second = pool.UseAsync(run, "", (before, seconds) => told = before, Compute, Cancellation);
        Assert.Equal(1, told);
        release.Release(2);
        Assert.All(await Task.WhenAll(first, second), layers => Assert.Equal(TrainedRun.Layers, layers));
        Assert.Equal(1, most);
    }

    /// <summary>Shown to fail with one mean for all kinds.</summary>
    [Fact]
    public async Task Whoever_waits_is_told_how_long_by_the_kind_of_work_that_is_before()
    {
        using var pool = new ModelPool(null, TimeSpan.FromMinutes(1));
        var run = RunFolder.Existing(_run.Root);
        const int Milliseconds = 300;
        Assert.Equal(1, await pool.UseAsync(run, "quick", (_, _) => { }, _ => 1, Cancellation));
        Assert.Equal(2, await pool.UseAsync(run, "slow", (_, _) => { }, _ => Slow(2), Cancellation));
        double afterQuick = await WaitBehindAsync("quick");
        double afterSlow = await WaitBehindAsync("slow");
        Assert.InRange(afterSlow - afterQuick, Milliseconds / 2e3, 3600);

        async Task<double> WaitBehindAsync(string kind)
        {
            using var release = new SemaphoreSlim(0);
            double told = double.NaN;
            var first = pool.UseAsync(run, kind, (_, _) => { }, _ => Hold(release), Cancellation);
            var second = pool.UseAsync(run, "quick", (_, seconds) => told = seconds, _ => 1, Cancellation);
            release.Release();
            await Task.WhenAll(first, second);
            return told;
        }

        static int Slow(int value)
        {
            Thread.Sleep(Milliseconds);
            return value;
        }

        static int Hold(SemaphoreSlim release)
        {
            release.Wait(Cancellation);
            return 1;
        }
    }

    [Fact]
    public async Task Too_many_that_wait_are_refused_and_one_that_goes_away_makes_room()
    {
        using var pool = new ModelPool(null, TimeSpan.FromMinutes(1));
        var run = RunFolder.Existing(_run.Root);
        using var release = new SemaphoreSlim(0);
        var all = new List<Task<int>>();
        using var leaving = new CancellationTokenSource();
        for (int i = 0; i < 16; i++)
        {
            all.Add(pool.UseAsync(
                run,
                "",
                (_, _) => { },
                _ =>
                {
                    release.Wait(Cancellation);
                    return 1;
                },
                i == 15 ? leaving.Token : Cancellation));
        }

        var refused = await Assert.ThrowsAsync<BusyException>(() => pool.UseAsync(run, "", (_, _) => { }, _ => 1, Cancellation));
        Assert.StartsWith("16 computations wait", refused.Message, StringComparison.Ordinal);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => all[15]);
        var taken = pool.UseAsync(run, "", (_, _) => { }, _ => 1, Cancellation);
        release.Release(16);
        Assert.Equal(1, await taken);
    }

    [Fact]
    public async Task A_model_that_nobody_uses_goes()
    {
        using var pool = new ModelPool(null, TimeSpan.FromMilliseconds(200));
        Assert.Equal(1, await pool.UseAsync(RunFolder.Existing(_run.Root), "", (_, _) => { }, _ => 1, Cancellation));
        Assert.Equal(1, pool.Loaded);
        for (int tries = 0; pool.Loaded > 0; tries++)
        {
            Assert.True(tries < 100, "The model is still there after ten seconds.");
            await Task.Delay(100, Cancellation);
        }
    }

    [Theory]
    [InlineData("no-folder", "127.0.0.1", "There is no folder")]
    [InlineData(".", "192.0.2.1", "Nothing can listen")]
    public async Task What_cannot_be_served_is_said(string folder, string address, string part)
    {
        var options = new StudioOptions(_folder.File(folder)) { Address = IPAddress.Parse(address) };
        var error = await Assert.ThrowsAsync<SereException>(() => StudioServer.StartAsync(options, Cancellation));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_prints_the_address_and_ends_when_it_is_asked_to()
    {
        var result = SereCommand.Interrupt("Ctrl-C ends", "studio", _folder.File("runs"), "--threads", "1");
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{32}\n$", result.Output);
    }

    [Fact]
    public void The_page_is_there_before_libtorch_is()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What a process has loaded is asked of Linux.");
        using var program = BuiltProgram.Sere.Start(_folder.Path, "studio", _folder.File("runs"));
        program.WaitForOutput("?token=");
        Assert.DoesNotContain("torch_cpu", program.LoadedFiles(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_option_is_refused_before_anything_listens()
    {
        SereCommand.Run("studio", _folder.File("runs"), "--threads", "0").Refused(2, "--threads 0 is out of range");
        SereCommand.Run("studio", _folder.File("runs"), "--device", "abacus").Refused(2, "There is no device 'abacus'");
    }

    private Task<StudioServer> StartAsync() => StudioServer.StartAsync(new StudioOptions(_folder.File("runs")), Cancellation);

    private static HttpClient Client(StudioServer studio, string token = "")
    {
        var client = new HttpClient { BaseAddress = new Uri(studio.Address.GetLeftPart(UriPartial.Authority)) };
        if (!string.Equals(token, "none", StringComparison.Ordinal))
        {
            client.DefaultRequestHeaders.Authorization =
                new("Bearer", token.Length > 0 ? token : studio.Address.Query["?token=".Length..]);
        }

        return client;
    }

    private static async Task<string?> SampleAsync(HttpClient client, object seed)
    {
        using var asked = JsonContent.Create(new { count = 1, seed, temperature = 1 });
        return (string?)(await PostAsync(client, "/api/samples?run=one", asked))[^1]["result"]!["images"]![0];
    }

    private static async Task<JsonObject[]> PostAsync(HttpClient client, string address, HttpContent content)
    {
        using var response = await client.PostAsync(address, content, Cancellation);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];
    }
}
