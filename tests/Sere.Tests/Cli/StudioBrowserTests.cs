using Microsoft.Playwright;
using Sere.Cli.Studio;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>
/// The studio in a real browser: what a person clicks. Every test fails on an error or a warning in the browser's console. Where
/// there is no Chromium (<c>apt-get install chromium</c>, or <c>SERE_CHROMIUM</c> names one) they are skipped.
/// </summary>
public sealed class StudioBrowserTests : FolderTests, IClassFixture<Chromium>, IAsyncLifetime
{
    private readonly TrainedRun _run;
    private readonly Chromium _chromium;
    private readonly List<string> _complaints = [];
    private IBrowserContext? _context;
    private StudioServer? _studio;

    public StudioBrowserTests(TrainedRun run, Chromium chromium)
    {
        _run = run;
        _chromium = chromium;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(
            _chromium.Browser is null, "There is no Chromium: apt-get install chromium, or name one by SERE_CHROMIUM.");
        _ = _run.Copy(_folder.File("runs/one"));
        _ = _run.Copy(_folder.File("runs/two"));
        string configuration = _folder.File("runs/two/config.json");
        string text = await File.ReadAllTextAsync(configuration, Cancellation);
        await File.WriteAllTextAsync(configuration, text.Replace("\"seed\": 1,", "\"seed\": 7,", StringComparison.Ordinal), Cancellation);
        _studio = await StudioServer.StartAsync(new StudioOptions(_folder.File("runs")), Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_context is not null)
        {
            await _context.CloseAsync();
        }

        if (_studio is not null)
        {
            await _studio.DisposeAsync();
        }

        Dispose();
    }

    [Fact]
    public async Task Runs_are_listed_their_curves_drawn_and_their_configurations_compared()
    {
        var page = await OpenAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "one" }).WaitForAsync();
        Assert.Equal(2, await page.Locator("table.runs tbody tr").CountAsync());
        await page.Locator(".chart canvas").WaitForAsync();
        Assert.Equal(2, await page.Locator(".u-legend .u-series").CountAsync() - 1);
        await page.GetByLabel("Curve of two").UncheckAsync();
        await page.Locator(".u-legend .u-series").Nth(2).WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.GetByLabel("Over").SelectOptionAsync("time");
        _folder.Write("runs/suite/suite.json", []);
        await page.GetByRole(AriaRole.Link, new() { Name = "suite" }).ClickAsync();
        await page.GetByText("No row of this comparison is done yet.").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "All runs" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "one" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "KL divergence per layer" }).WaitForAsync();
        Assert.Contains("finished: 2 of 2 epochs", await page.Locator("[role=tabpanel] p").First.InnerTextAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Tab, new() { Name = "Configuration" }).ClickAsync();
        await page.GetByLabel("Differences to").SelectOptionAsync("two");
        var row = page.Locator("[role=tabpanel] tbody tr");
        await row.WaitForAsync();
        Assert.Equal(["seed", "1", "7"], (await row.InnerTextAsync()).Split('\t', StringSplitOptions.TrimEntries));
        RequireQuiet();
    }

    [Fact]
    public async Task Everything_is_reached_by_keyboard()
    {
        var page = await OpenAsync("#/run?run=one&tab=overview");
        await page.GetByRole(AriaRole.Tab, new() { Name = "Overview" }).FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Locator(".sliders input").First.WaitForAsync();
        Assert.Equal("true", await page.GetByRole(AriaRole.Tab, new() { Name = "Latents" }).GetAttributeAsync("aria-selected"));
        string before = await page.Locator("img.one").GetAttributeAsync("src") ?? "";
        await page.Locator(".sliders input").First.FocusAsync();
        await page.Keyboard.PressAsync("End");
        await page.WaitForFunctionAsync("before => document.querySelector('img.one').src !== before", before);
        Assert.Equal("4.00", await page.Locator(".sliders output").First.InnerTextAsync());
        RequireQuiet();
    }

    [Fact]
    public async Task Images_are_drawn_joined_and_reconstructed()
    {
        var page = await OpenAsync("#/run?run=one&tab=samples");
        await page.GetByAltText("sample 35", new() { Exact = true }).WaitForAsync();
        string first = await page.GetByAltText("sample 0", new() { Exact = true }).GetAttributeAsync("src") ?? "";
        await page.GetByLabel("Images").FillAsync("4");
        await page.GetByRole(AriaRole.Button, new() { Name = "Next seed" }).ClickAsync();
        await page.WaitForFunctionAsync("first => document.querySelectorAll('.images img').length === 4 && document.querySelector('.images img').src !== first", first);
        await page.GetByLabel("Seed").FillAsync("9007199254740992");
        await page.GetByRole(AriaRole.Button, new() { Name = "Next seed" }).ClickAsync();
        await page.GetByText("Drawing images: done").WaitForAsync();
        Assert.Equal("9007199254740993", await page.GetByLabel("Seed").InputValueAsync());
        await page.GetByLabel("Seed").FillAsync("1.5");
        await page.GetByRole(AriaRole.Button, new() { Name = "Draw", Exact = true }).ClickAsync();
        await page.GetByText("The seed is no whole number").WaitForAsync();
        await page.GetByRole(AriaRole.Tab, new() { Name = "Between two images" }).ClickAsync();
        await page.GetByLabel("Drop the first image").SetInputFilesAsync(Image(0));
        await page.GetByLabel("Drop the second image").SetInputFilesAsync(Image(1));
        await page.GetByAltText("step 9", new() { Exact = true }).WaitForAsync();
        await page.GetByRole(AriaRole.Tab, new() { Name = "Reconstruct" }).ClickAsync();
        await page.GetByLabel("Drop images").SetInputFilesAsync([Image(0), Image(1)]);
        await page.GetByAltText("001.png: teacher-forced").WaitForAsync();
        RequireQuiet();
    }

    [Fact]
    public async Task Dropped_images_get_verdicts_that_are_sorted_filtered_enlarged_and_saved()
    {
        string cut = _folder.Write("cut.png", (await File.ReadAllBytesAsync(Image(0), Cancellation))[..100]);
        var page = await OpenAsync("#/run?run=one&tab=verdict");
        await page.GetByLabel("Drop images").SetInputFilesAsync([Image(0), Image(1), Image(2), cut]);
        var rows = page.Locator("table.verdict tbody tr");
        await page.GetByText("Judging images: done").WaitForAsync();
        Assert.Equal(4, await rows.CountAsync());
        Assert.Contains("damaged", await rows.First.InnerTextAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { Name = "Name", Exact = true }).ClickAsync();
        Assert.Contains("000.png", await rows.First.InnerTextAsync(), StringComparison.Ordinal);

        string few = await page.Locator("p strong").First.InnerTextAsync();
        await page.GetByLabel("Share of normal images").FillAsync("0.5");
        await page.GetByLabel("Share of normal images").BlurAsync();
        await page.GetByText("50.0 in a hundred").WaitForAsync();
        string many = await page.Locator("p strong").First.InnerTextAsync();
        await page.GetByLabel("Share of normal images").FillAsync("0.7");
        await page.GetByLabel("Share of normal images").BlurAsync();
        await page.GetByText("give 0.0001 to 0.5").WaitForAsync();
        Assert.Equal(many, await page.Locator("p strong").First.InnerTextAsync());
        Assert.Matches("^Flagged: [0-3] of 3 images$", few);

        await page.GetByLabel("Show images whose name contains").FillAsync("002");
        Assert.Equal(1, await rows.CountAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Enlarge the heat map of 002.png" }).ClickAsync();
        await page.GetByAltText("its strange places").WaitForAsync();
        await page.Keyboard.PressAsync("Escape");
        await page.Locator("dialog").WaitForAsync(new() { State = WaitForSelectorState.Detached });

        var saved = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Save as CSV" }).ClickAsync());
        string[] lines = await File.ReadAllLinesAsync(await saved.PathAsync() ?? "", Cancellation);
        Assert.StartsWith("image,log_likelihood,novelty,novelty_percentile,flagged,", lines[0], StringComparison.Ordinal);
        Assert.Equal(["000.png", "001.png", "002.png"], lines[1..].Select(line => line.Split(',')[0]).Order(StringComparer.Ordinal));
        RequireQuiet();
    }

    [Fact]
    public async Task A_folder_of_the_machine_is_chosen_and_judged_with_a_curve_where_its_subfolders_are_labels()
    {
        for (int i = 0; i < 4; i++)
        {
            File.Copy(Image(i), _folder.Write($"runs/images/{(i < 2 ? "good" : "odd")}/{i}.png", []), overwrite: true);
        }

        var page = await OpenAsync("#/run?run=one&tab=verdict");
        await page.GetByText("Choose a folder of the studio's machine").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "images/" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "odd/" }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Judge this folder" }).ClickAsync();
        await page.GetByText("Area under the ROC curve").WaitForAsync();
        Assert.Equal(4, await page.Locator("table.verdict tbody tr").CountAsync());
        RequireQuiet();
    }

    [Fact]
    public async Task A_report_is_shown_whatever_its_lines_begin_with()
    {
        await File.AppendAllTextAsync(
            _folder.File("runs/one/report.md"), "\n#3: with half the layers\n##### five\n<b>bold</b>\n|\n* \n```\nopen", Cancellation);
        var page = await OpenAsync("#/run?run=one");
        await page.GetByText("#3: with half the layers").WaitForAsync();
        Assert.Equal(0, await page.Locator("b").CountAsync());
        RequireQuiet();
    }

    [Fact]
    public async Task What_goes_wrong_is_said_and_a_wrong_address_leads_back()
    {
        var page = await OpenAsync("#/run?run=three");
        await page.GetByText("There is no run 'three'").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "All runs" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "two" }).ClickAsync();
        Directory.Delete(_folder.File("runs/two/checkpoints"), recursive: true);
        await page.GetByRole(AriaRole.Tab, new() { Name = "Samples" }).ClickAsync();
        await page.Locator(".status .error").WaitForAsync();
        Assert.Contains("checkpoint", await page.Locator(".status .error").InnerTextAsync(), StringComparison.Ordinal);

        // The browser itself notes the answer 400.
        Assert.All(_complaints, complaint => Assert.Contains("400", complaint, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ColorScheme.Light, 390)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task On_a_phone_nothing_is_wider_than_the_screen(ColorScheme colours, int width)
    {
        var page = await OpenAsync("", colours, width);
        foreach (string tab in (string[])["overview", "configuration", "samples", "latents", "path", "reconstruct", "verdict"])
        {
            await page.GotoAsync(new Uri(_studio!.Address, $"/#/run?run=one&tab={tab}").ToString());
            await page.Locator($"#tab-{tab}[aria-selected=true]").WaitForAsync();
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width, tab);
        }

        string background = await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        Assert.Equal(colours == ColorScheme.Dark, background.Contains("20, 24, 27", StringComparison.Ordinal));
        RequireQuiet();
    }

    /// <summary>
    /// With <c>SERE_WRITE_DOCS=1</c> and <c>SERE_DOCS_RUNS</c> a folder of the runs <c>digits</c> and <c>parts</c> and of
    /// <c>images/ok</c> and <c>images/defect</c>.
    /// </summary>
    [Fact]
    public async Task The_pictures_of_the_documentation_are_of_the_page()
    {
        string? folder = Environment.GetEnvironmentVariable("SERE_DOCS_RUNS");
        Assert.SkipWhen(folder is null || Environment.GetEnvironmentVariable("SERE_WRITE_DOCS") != "1", "Only by SERE_WRITE_DOCS=1 with SERE_DOCS_RUNS.");
        await _studio!.DisposeAsync();
        _studio = await StudioServer.StartAsync(new StudioOptions(folder!), Cancellation);
        var page = await OpenAsync("");
        await page.Locator(".chart canvas").WaitForAsync();
        await ShootAsync("runs");
        await page.GotoAsync(new Uri(_studio.Address, "/#/run?run=digits&tab=latents").ToString());
        await page.Locator(".sliders input").First.WaitForAsync();
        await page.GetByText("Drawing the image: done").WaitForAsync();
        await ShootAsync("latents");
        await page.GotoAsync(new Uri(_studio.Address, "/#/run?run=parts&tab=verdict").ToString());
        await page.GetByText("Choose a folder of the studio's machine").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "images/" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "ok/" }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Judge this folder" }).ClickAsync();
        await page.GetByText("Area under the ROC curve").WaitForAsync(new() { Timeout = 300_000 });
        await ShootAsync("verdict");

        Task ShootAsync(string name) => page.ScreenshotAsync(
            new()
            {
                Path = Path.Combine(RepositoryFolder.Path, "docs", "studio", $"{name}.png"),
                Animations = ScreenshotAnimations.Disabled,
                FullPage = true,
            });
    }

    private string Image(int index) => Path.Combine(_run.ImageFolder, $"{index:D3}.png");

    private async Task<IPage> OpenAsync(string place = "", ColorScheme colours = ColorScheme.Light, int width = 1200)
    {
        _context = await _chromium.Browser!.NewContextAsync(new()
        {
            ColorScheme = colours,
            ViewportSize = new() { Width = width, Height = 900 },
        });
        _context.SetDefaultTimeout(30_000);
        var page = await _context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _complaints.Add(message.Text);
            }
        };
        page.PageError += (_, error) => _complaints.Add(error);
        await page.GotoAsync(_studio!.Address.ToString());
        await page.GetByText("live", new() { Exact = true }).WaitForAsync();
        if (place.Length > 0)
        {
            await page.GotoAsync(new Uri(_studio.Address, $"/{place}").ToString());
        }

        return page;
    }

    private void RequireQuiet() => Assert.Empty(_complaints);
}

/// <summary>A Chromium of this machine, where there is one: started once for all tests of the page.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Places =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"];

    private IPlaywright? _playwright;

    public IBrowser? Browser { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if ((Environment.GetEnvironmentVariable("SERE_CHROMIUM") ?? Array.Find(Places, File.Exists)) is { } chromium)
        {
            _playwright = await Playwright.CreateAsync();
            Browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
            {
                ExecutablePath = chromium,
                Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.CloseAsync();
        }

        _playwright?.Dispose();
    }
}
