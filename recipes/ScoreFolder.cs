// Scores every image below a folder, however many there are, and writes a table: CSV, or Parquet by the ending of its name.
//   dotnet run -c Release recipes/ScoreFolder.cs -- RUN IMAGES scores.parquet
// One image is in memory at a time. What is no image gets a line that says so.
#:project ../src/Sere.Runs/Sere.Runs.csproj
#:package Parquet.Net
#:property PublishAot=false

using System.Globalization;
using Parquet.Serialization;
using Sere;
using Sere.Recipes;
using Sere.Runs;

if (args is not [var run, var folder, var table])
{
    Console.Error.WriteLine("Give a run, a folder of images and the table to write.");
    return 2;
}

if (!Directory.Exists(folder))
{
    Console.Error.WriteLine($"There is no folder '{folder}'.");
    return 2;
}

using var model = TrainedModel.Load(run);
var rows = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(Score);
if (table.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase))
{
    await using var file = File.Create(table);
    await ParquetSerializer.SerializeAsync(rows.ToArray(), file);
}
else
{
    File.WriteAllLines(table, rows.Select(row => string.Create(
        CultureInfo.InvariantCulture,
        $"{Quoted(row.Image)},{row.LogLikelihood},{row.Novelty},{row.Flagged},{Quoted(row.Error ?? "")}"))
        .Prepend("image,log_likelihood,novelty,flagged,error"));
}

return 0;

ScoredImage Score(string path)
{
    string name = Path.GetRelativePath(folder, path);
    try
    {
        var image = model.Read(File.ReadAllBytes(path));
        var verdict = model.Verdict(image)[0];
        double logLikelihood = model.LogLikelihood(image, importanceSamples: 20)[0];
        return new ScoredImage { Image = name, LogLikelihood = logLikelihood, Novelty = verdict.Novelty, Flagged = verdict.IsFlagged };
    }
    catch (SereException error)
    {
        return new ScoredImage { Image = name, Error = error.Message };
    }
}

static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

namespace Sere.Recipes
{
    /// <summary>A row of the table.</summary>
    public sealed class ScoredImage
    {
        /// <summary>The file.</summary>
        public string Image { get; set; } = "";

        /// <summary>A bound on log p(x), in nats.</summary>
        public double? LogLikelihood { get; set; }

        /// <summary>How rare the image is among normal ones, in nats.</summary>
        public double? Novelty { get; set; }

        /// <summary>Whether it is among the one in a hundred normal images that are rarest.</summary>
        public bool? Flagged { get; set; }

        /// <summary>Why it has no score.</summary>
        public string? Error { get; set; }
    }
}
