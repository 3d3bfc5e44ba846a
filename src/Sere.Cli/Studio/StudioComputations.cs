using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sere.Cli.Commands;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs;
using Sere.Runs.Pictures;

namespace Sere.Cli.Studio;

/// <summary>
/// What the page has a model compute. Each answer is a line of JSON for each thing that happens (a place in the queue, an image
/// done), the last of which holds the result or an error in a sentence; whoever goes away stops the computation.
/// </summary>
internal sealed class StudioComputations(StudioRuns runs, ModelPool models, StudioOptions options)
{
    private const int MostSamples = 100;
    private const int MostPathSteps = 31;
    private const int MostReconstructions = 32;
    private const int MostTold = 256;
    private const int MostPictures = 500;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/samples", async context =>
        {
            var asked = await ReadAsync<SampleRequest>(context).ConfigureAwait(false);
            await StreamAsync(context, (model, _) => Sample(model, asked)).ConfigureAwait(false);
        });
        routes.MapPost("/api/latents", async context =>
        {
            var asked = await ReadAsync<LatentRequest>(context).ConfigureAwait(false);
            await StreamAsync(context, (model, _) => Vary(model, asked)).ConfigureAwait(false);
        });
        routes.MapPost("/api/path", async context =>
        {
            var (images, fields) = await StudioUploads.ReadAsync(context).ConfigureAwait(false);
            await StreamAsync(context, (model, _) => Path(model, images, fields)).ConfigureAwait(false);
        });
        routes.MapPost("/api/reconstruct", async context =>
        {
            var (images, fields) = await StudioUploads.ReadAsync(context).ConfigureAwait(false);
            await StreamAsync(context, (model, line) => Reconstruct(model, images, fields, line)).ConfigureAwait(false);
        });
        routes.MapPost("/api/verdict", async context =>
        {
            var (images, fields) = await StudioUploads.ReadAsync(context).ConfigureAwait(false);
            await StreamAsync(context, (model, line) => Judge(
                model, new VerdictRequest(images, IsSet(fields, "resize"), IsSet(fields, "gray"), IsSet(fields, "likelihood")), line))
                .ConfigureAwait(false);
        });
        routes.MapPost("/api/verdict-folder", async context =>
        {
            var asked = await ReadAsync<FolderRequest>(context).ConfigureAwait(false);
            string folder = StudioRunPages.ImageFolder(runs, options, asked.Root, asked.Path);
            await StreamAsync(context, (model, line) => JudgeFolder(model, folder, asked, line)).ConfigureAwait(false);
        });
        routes.MapPost("/api/threshold", async context =>
        {
            var asked = await ReadAsync<ThresholdRequest>(context).ConfigureAwait(false);
            await StreamAsync(context, (model, _) => ThresholdOf(model, asked.Rate)).ConfigureAwait(false);
        });
    }

    private static bool IsSet(IFormCollection fields, string name) => fields[name] == "true";

    private static async Task<T> ReadAsync<T>(HttpContext context)
        where T : class =>
        context.Request.HasJsonContentType()
        && await context.Request.ReadFromJsonAsync<T>(Answer.Json, context.RequestAborted).ConfigureAwait(false) is { } asked
            ? asked
            : throw new SereException(Answer.NotOfThePage);

    private async Task StreamAsync(HttpContext context, Func<TrainedModel, Lines, object> compute)
    {
        var run = runs.Run(context.Request.Query["run"]);
        var cancellation = context.RequestAborted;

        // A reader that does not read does not fill the memory: the computation waits for it.
        var channel = Channel.CreateBounded<object>(MostTold);
        var lines = new Lines(channel.Writer, cancellation);
        var computing = Task.Run(
            async () =>
            {
                try
                {
                    object result = await models.UseAsync(
                        run,
                        context.Request.Path.ToString(),
                        (ahead, seconds) => lines.Tell(new { Ahead = ahead, Seconds = seconds }),
                        model => compute(model, lines),
                        cancellation)
                        .ConfigureAwait(false);
                    lines.Tell(new { Result = result });
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    lines.Tell(new { Error = Answer.Of(error).Sentence });
                }
                finally
                {
                    channel.Writer.TryComplete();
                }
            },
            CancellationToken.None);
        context.Response.ContentType = "application/x-ndjson";
        try
        {
            await foreach (object line in channel.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                await JsonSerializer.SerializeAsync(context.Response.Body, line, line.GetType(), Answer.Json, cancellation)
                    .ConfigureAwait(false);
                await context.Response.WriteAsync("\n", cancellation).ConfigureAwait(false);
                await context.Response.Body.FlushAsync(cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            try
            {
                await computing.ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Whoever asked has gone.
            }
        }
    }

    private static object Sample(TrainedModel model, SampleRequest asked)
    {
        RequirePictures(model);
        Require(asked.Count is >= 1 and <= MostSamples, "count", $"1 to {MostSamples}");
        Require(asked.Temperature is >= 0 and <= 10, "temperature", "0 to 10");
        return new { Images = Pictures(model.Sample(asked.Count, Seed(asked.Seed), asked.Temperature)) };
    }

    private static object Vary(TrainedModel model, LatentRequest asked)
    {
        RequirePictures(model);
        var changes = asked.Changes ?? [];
        Require(changes.All(change => change is not null && Math.Abs(change.Value) <= 10), "value", "-10 to 10");
        var (noise, image) = LatentPaths.Vary(
            model, Seed(asked.Seed), [.. changes.Select(change => (change.Layer, change.Latent, change.Value))]);
        return new { Latents = noise, Image = Pictures(image)[0] };
    }

    private static object Path(TrainedModel model, IReadOnlyList<Upload> images, IFormCollection fields)
    {
        RequirePictures(model);
        _ = int.TryParse(fields["steps"], NumberStyles.None, CultureInfo.InvariantCulture, out int steps);
        Require(steps is >= 2 and <= MostPathSteps, "number of steps", $"2 to {MostPathSteps}");
        if (images.Count != 2)
        {
            throw new SereException($"A way leads from one image to one other; {images.Count} were sent.");
        }

        var ends = images.Select(image => Decode(model, image, IsSet(fields, "resize"), IsSet(fields, "gray"))).ToArray();
        return new { Images = Pictures(LatentPaths.Interpolate(model, ends[0], ends[1], steps)) };
    }

    private static object Reconstruct(TrainedModel model, IReadOnlyList<Upload> images, IFormCollection fields, Lines lines)
    {
        RequirePictures(model);
        if (images.Count > MostReconstructions)
        {
            throw new SereException($"At most {MostReconstructions} images are reconstructed at once; {images.Count} were sent.");
        }

        return new
        {
            Rows = images.Select(upload =>
            {
                lines.Cancellation.ThrowIfCancellationRequested();
                var image = Decode(model, upload, IsSet(fields, "resize"), IsSet(fields, "gray"));
                var (original, free) = model.Reconstruct(image);
                var (_, forced) = model.Reconstruct(image, teacherForced: true);
                return new
                {
                    upload.Name,
                    Original = Pictures(original)[0],
                    Free = Pictures(free)[0],
                    TeacherForced = Pictures(forced)[0],
                };
            }).ToArray(),
        };
    }

    private static object ThresholdOf(TrainedModel model, double rate)
    {
        Require(ScoreCommand.IsRate(rate), "false-positive rate", ScoreCommand.Rates);
        var threshold = model.Threshold(rate);
        return new { threshold.Value, threshold.Low, threshold.High, threshold.Rate, Normal = model.Normal.Novelties.Count };
    }

    private static object Judge(TrainedModel model, VerdictRequest asked, Lines lines)
    {
        var judged = new List<(string Name, double Novelty)>();
        foreach (var (index, upload) in asked.Images.Index())
        {
            ImageSet image;
            try
            {
                image = Decode(model, upload, asked.Resize, asked.Gray);
            }
            catch (SereException error)
            {
                // One damaged file among many is one row.
                lines.Tell(new { upload.Name, Error = error.Message, Done = index + 1, Of = asked.Images.Count }, isRow: true);
                continue;
            }

            judged.Add((upload.Name, JudgeOne(model, image, upload.Name, asked.Likelihood, index, asked.Images.Count, lines)));
        }

        return Separation(judged, ImageLabels.OfNames([.. judged.Select(one => one.Name)]));
    }

    private static object JudgeFolder(TrainedModel model, string folder, FolderRequest asked, Lines lines)
    {
        StudioRunPages.RequireNoLinks(folder);
        var images = model.Read(folder, asked.Resize, asked.Gray, sentence => lines.Tell(new { Warning = sentence }));
        var judged = new List<(string Name, double Novelty)>();
        for (int i = 0; i < images.Count; i++)
        {
            string name = images.Names?[i] ?? $"{i}";
            judged.Add((name, JudgeOne(model, images.Slice(i, 1), name, asked.Likelihood, i, images.Count, lines)));
        }

        return Separation(judged, ImageLabels.OfFolders(images));
    }

    private static double JudgeOne(TrainedModel model, ImageSet image, string name, bool likelihood, int index, int of, Lines lines)
    {
        lines.Cancellation.ThrowIfCancellationRequested();
        var verdict = model.Verdict(image, cancellation: lines.Cancellation)[0];
        double? score = likelihood
            ? model.Score(
                image,
                new EvaluationOptions { ImportanceSamples = model.Configuration.Evaluation.ImportanceSamples },
                cancellation: lines.Cancellation).LogLikelihood[0]
            : null;

        // Of thousands of images those that somebody will look at have pictures.
        bool isPicture = model.Configuration.Dataset.Features is null && model.Shape.Channels is 1 or 3
            && (index < MostPictures || verdict.IsFlagged);
        var picture = isPicture ? model.ToPictures(model.PrepareAll(image)) : null;
        lines.Tell(
            new
            {
                Name = name,
                verdict.Novelty,
                verdict.Percentile,
                LogLikelihood = score,
                verdict.Figures,
                Image = picture is null ? null : Url(HeatMap.Png(picture, 0, null)),
                Map = picture is null ? null : Url(HeatMap.Png(picture, 0, verdict.Map)),
                Done = index + 1,
                Of = of,
            },
            isRow: true);
        return verdict.Novelty;
    }

    /// <summary>How well the novelty tells labelled images apart.</summary>
    private static object Separation(List<(string Name, double Novelty)> judged, bool[]? isNormal)
    {
        double[] novelties = [.. judged.Select(one => one.Novelty)];
        if (isNormal is null || ColumnQuality.Of("novelty", novelties, isNormal) is not { } quality)
        {
            return new { Images = judged.Count };
        }

        double[] strange = [.. novelties.Where((_, image) => !isNormal[image])];
        double[] normal = [.. novelties.Where((_, image) => isNormal[image])];
        return new
        {
            Images = judged.Count,
            quality.Area,
            quality.AreaLow,
            quality.AreaHigh,
            quality.AveragePrecision,
            Curve = ReceiverOperatingCharacteristic.Curve(strange, normal)
                .Select(point => (double[])[point.FalsePositiveRate, point.TruePositiveRate]),
        };
    }

    private static ImageSet Decode(TrainedModel model, Upload upload, bool resize, bool gray)
    {
        try
        {
            return model.Read(upload.Content, resize, gray);
        }
        catch (SereException error) when (error is not UsageException)
        {
            throw new SereException($"{upload.Name}: {error.Message}", error);
        }
    }

    private static string[] Pictures(ImageBatch images) =>
        [.. Enumerable.Range(0, images.Count).Select(image => Url(HeatMap.Png(images, image, null)))];

    private static string Url(byte[] png) => $"data:image/png;base64,{Convert.ToBase64String(png)}";

    private static void RequirePictures(TrainedModel model)
    {
        if (model.Configuration.Dataset.Features is not null || model.Shape.Channels is not (1 or 3))
        {
            throw new SereException("What this model draws is no picture.");
        }
    }

    /// <summary>A seed as a number or as a text: a script's numbers are exact to 2^53 only.</summary>
    private static long Seed(JsonElement given) =>
        (given.ValueKind == JsonValueKind.Number && given.TryGetInt64(out long seed))
        || (given.ValueKind == JsonValueKind.String
            && long.TryParse(given.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out seed))
            ? seed
            : throw new SereException($"The seed is no whole number from {long.MinValue} to {long.MaxValue}; give one.");

    private static void Require(bool condition, string what, string range)
    {
        if (!condition)
        {
            throw new SereException($"The {what} is out of range; give {range}.");
        }
    }

    /// <summary>What is told while something is computed.</summary>
    private sealed class Lines(ChannelWriter<object> writer, CancellationToken cancellation)
    {
        public CancellationToken Cancellation => cancellation;

        public void Tell(object line, bool isRow = false)
        {
            object told = isRow ? new { Row = line } : line;
            while (!writer.TryWrite(told))
            {
                if (!writer.WaitToWriteAsync(cancellation).AsTask().GetAwaiter().GetResult())
                {
                    return;
                }
            }
        }
    }
}

internal sealed record SampleRequest(int Count, JsonElement Seed, double Temperature);

/// <summary>The image of a seed, with some of its base latents replaced.</summary>
internal sealed record LatentRequest(JsonElement Seed, IReadOnlyList<LatentChange>? Changes);

/// <summary>A base latent, in standard deviations of its prior.</summary>
internal sealed record LatentChange(int Layer, int Latent, double Value);

internal sealed record ThresholdRequest(double Rate);

internal sealed record FolderRequest(string Root, string Path, bool Resize, bool Gray, bool Likelihood);

internal sealed record VerdictRequest(IReadOnlyList<Upload> Images, bool Resize, bool Gray, bool Likelihood);
