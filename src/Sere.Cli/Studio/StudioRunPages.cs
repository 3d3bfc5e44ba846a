using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sere.Data;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Storage;

namespace Sere.Cli.Studio;

/// <summary>What the page reads of runs, comparisons and folders of images: all of it lies in files.</summary>
internal static class StudioRunPages
{
    private const long LargestText = 1L << 24;
    private static readonly TimeSpan Pulse = TimeSpan.FromSeconds(1);

    public static void Map(IEndpointRouteBuilder routes, StudioRuns runs, StudioOptions options)
    {
        routes.MapGet("/api/runs", context => Answer.WriteAsync(context, new
        {
            Folder = Path.GetFullPath(runs.Root),
            Runs = runs.Summaries(),
            Comparisons = runs.Comparisons(),
            ImageFolders = ImageFolders(runs, options),
        }));
        routes.MapGet("/api/run", context => Answer.WriteAsync(context, Run(runs, context.Request.Query["run"])));
        routes.MapGet("/api/metrics", context => Answer.WriteAsync(
            context, runs.Metrics(runs.Run(context.Request.Query["run"]))));
        routes.MapGet("/api/picture", context => PictureAsync(context, Pictures(runs.Run(context.Request.Query["run"]))));
        routes.MapGet("/api/comparison", context => Answer.WriteAsync(
            context, new { Report = ReadText(runs.Comparison(context.Request.Query["comparison"]).Markdown) }));
        routes.MapGet("/api/comparison-picture", context => PictureAsync(
            context, ComparisonPictures(runs.Comparison(context.Request.Query["comparison"]))));
        routes.MapGet("/api/images", context => Answer.WriteAsync(
            context, Images(ImageFolders(runs, options), context.Request.Query["root"], context.Request.Query["path"])));
        routes.MapGet("/api/events", context => ListenAsync(context, runs));
    }

    /// <summary>The folder of images that a root and a path below it name.</summary>
    /// <exception cref="SereException">It is none, or not below the root, or a link.</exception>
    public static string ImageFolder(StudioRuns runs, StudioOptions options, string? root, string? path) =>
        Resolve(ImageFolders(runs, options), root, path);

    /// <summary>Refuses a folder with links among its images, which may lead out of what the studio was given.</summary>
    /// <exception cref="SereException">There are some.</exception>
    public static void RequireNoLinks(string folder)
    {
        foreach (string file in Directory.EnumerateFileSystemEntries(folder, "*", new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = 1,
            AttributesToSkip = FileAttributes.None,
        }))
        {
            if (File.GetAttributes(file).HasFlag(FileAttributes.ReparsePoint))
            {
                throw new SereException($"'{Path.GetFileName(file)}' is a link, and none is followed; put there what it leads to.");
            }
        }
    }

    private static string[] ImageFolders(StudioRuns runs, StudioOptions options) =>
        [.. options.ImageFolders.Select(Path.GetFullPath).Append(Path.GetFullPath(runs.Root)).Distinct(StringComparer.Ordinal)];

    private static string Resolve(string[] roots, string? root, string? path)
    {
        if (root is null || !roots.Contains(root, StringComparer.Ordinal))
        {
            throw new SereException("Images may be chosen below the studio's folder and those of --images alone.");
        }

        string[] names = (path ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (names.Any(name => name is "." or ".." || name.AsSpan().IndexOfAny('\\', ':', '\0') >= 0))
        {
            throw new SereException($"'{Choice.Short(path!)}' is no folder below '{root}'.");
        }

        string folder = LinkFreePath.Below(root, names);
        return Directory.Exists(folder) ? folder : throw new SereException($"There is no folder '{Choice.Short(path!)}' in '{root}'.");
    }

    private static object Images(string[] roots, string? root, string? path)
    {
        string folder = Resolve(roots, root, path);
        var look = new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden };
        return new
        {
            Folders = Directory.EnumerateDirectories(folder, "*", look).Select(Path.GetFileName).Order(StringComparer.Ordinal).Take(1000),
            Images = Directory.EnumerateFiles(folder, "*", look).Count(ImageFolderReader.IsPicture),
        };
    }

    private static object Run(StudioRuns runs, string? id)
    {
        var run = runs.Run(id);
        return new
        {
            Summary = runs.Summarize(id!),
            Command = run.ReadCommand(),
            Configuration = JsonNode.Parse(ConfigurationFile.ToJson(runs.Configuration(run))),
            Report = ReadText(run.Report),
            Pictures = Pictures(run).Where(picture => File.Exists(picture.Path)).Select(picture => picture.Name),
        };
    }

    private static string ReadText(string path) => RunFolder.ReadText(path, LargestText);

    private static (string Name, string Path)[] Pictures(RunFolder run) =>
    [
        .. ((string[])[run.Samples, run.Reconstructions, run.LearningCurve, run.KlPerLayer, run.ResidualGain, run.Density])
            .Select(path => (Path.GetFileName(path), path)),
    ];

    private static (string Name, string Path)[] ComparisonPictures(Sere.Runs.Comparison.ComparisonFolder comparison) =>
    [
        .. ((string[])[comparison.Picture, comparison.LearningCurves, comparison.LearningCurvesOverTime])
            .Select(path => (Path.GetFileName(path), path)),
    ];

    private static async Task PictureAsync(HttpContext context, (string Name, string Path)[] pictures)
    {
        string name = context.Request.Query["name"].ToString();
        string path = pictures.FirstOrDefault(picture => string.Equals(picture.Name, name, StringComparison.Ordinal)).Path
            ?? throw new SereException($"There is no picture '{Choice.Short(name)}'.");
        if (!File.Exists(path))
        {
            throw new SereException($"The picture '{name}' is not there yet.");
        }

        await using FileStream file = OrdinaryFile.OpenRead(path);
        context.Response.ContentType = "image/png";
        context.Response.ContentLength = file.Length;
        await file.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Server-sent events: the summaries of all runs and the comparisons, whenever one of them has changed.</summary>
    private static async Task ListenAsync(HttpContext context, StudioRuns runs)
    {
        context.Response.ContentType = "text/event-stream";
        string sent = "";
        for (int quiet = 0; !context.RequestAborted.IsCancellationRequested; quiet++)
        {
            string now = JsonSerializer.Serialize(new { Runs = runs.Summaries(), Comparisons = runs.Comparisons() }, Answer.Json);
            if (!string.Equals(now, sent, StringComparison.Ordinal))
            {
                sent = now;
                quiet = 0;
                await context.Response.WriteAsync($"data: {now}\n\n", context.RequestAborted).ConfigureAwait(false);
            }
            else if (quiet % 15 == 14)
            {
                // A connection that nobody holds any more is found out by writing to it.
                await context.Response.WriteAsync(": quiet\n\n", context.RequestAborted).ConfigureAwait(false);
            }

            await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            await Task.Delay(Pulse, context.RequestAborted).ConfigureAwait(false);
        }
    }
}
