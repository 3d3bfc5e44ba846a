using System.Globalization;
using System.Net;
using System.Text;
using ScottPlot;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs.Pictures;
using Sere.Storage;

namespace Sere.Runs;

/// <summary>One page that says what was found of some images, and needs no other file.</summary>
internal static class VerdictPage
{
    private const int MostShown = 24;
    private const int Bins = 40;

    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;color:#22262b;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        + "img{max-width:100%}figure{display:inline-block;margin:0 1rem 1rem 0;vertical-align:top}"
        + "figure img{width:192px;image-rendering:pixelated;border:1px solid #6b7280;margin-right:4px}"
        + "figcaption{font-size:14px;max-width:400px;overflow-wrap:anywhere}.flagged{color:#b00020;font-weight:600}"
        + "table{border-collapse:collapse}td,th{padding:2px 12px 2px 0;text-align:left;border-bottom:1px solid #e5e8eb}";

    /// <summary>Writes report.html into a folder.</summary>
    /// <returns>Its path.</returns>
    public static string Write(
        string folder, TrainedModel model, ImageSet images, ScoredImages scored, IReadOnlyList<double> normal)
    {
        string path = LinkFreePath.Below(folder, "report.html");
        AtomicFile.WriteAllText(path, Html(model, images, scored, normal));
        return path;
    }

    private static string Html(TrainedModel model, ImageSet images, ScoredImages scored, IReadOnlyList<double> normal)
    {
        var verdicts = scored.Verdicts!;
        var text = new StringBuilder("<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">");
        text.Append(Invariant, $"<title>{Escape(model.Configuration.Name)}: {images.Count} images</title><style>{Style}</style>");
        text.Append(Invariant, $"<h1>{Escape(scored.Sentence!)}</h1>");
        text.Append(
            Invariant,
            $"<p>Model {Escape(model.Configuration.Name)}, compared with {normal.Count} normal images that it was not trained on. "
            + $"Novelty is -log density of an image's figures among theirs, in nats.</p>");
        Picture(text, Chart.ToPng(Histogram(verdicts, normal, scored.Threshold!)), "novelty of normal and scored images");
        if (scored.IsNormal is { } isNormal)
        {
            text.Append("<h2>How well the scores tell the labelled images apart</h2>");
            Picture(text, Chart.ToPng(Curve(verdicts, isNormal)), "ROC curve of the novelty");
            text.Append("<table><tr><th>column<th>area under the ROC curve<th>average precision</tr>");
            foreach (var quality in scored.Qualities)
            {
                text.Append(
                    Invariant,
                    $"<tr><td>{Escape(quality.Column)}<td>{quality.Area:F3} ({quality.AreaLow:F3} to {quality.AreaHigh:F3})"
                    + $"<td>{quality.AveragePrecision:F3} ({quality.PrecisionLow:F3} to {quality.PrecisionHigh:F3})</tr>");
            }

            text.Append("</table>");
        }

        int[] order = [.. Enumerable.Range(0, images.Count).OrderByDescending(image => double.IsNaN(verdicts[image].Novelty)
            ? double.PositiveInfinity
            : verdicts[image].Novelty).Take(MostShown)];
        text.Append(Invariant, $"<h2>The {order.Length} most suspicious images</h2>");
        text.Append(model.Model.Layers > 0
            ? "<p>Each as it is, with its strange places in yellow to red, and what the model makes of it from its codes.</p>"
            : "<p>Each as it is, and with its strange places in yellow to red.</p>");
        var chosen = images.Select(order);
        var (originals, reconstructions) = model.Model.Layers > 0
            ? model.Reconstruct(chosen)
            : (model.ToPictures(model.PrepareAll(chosen)), null);
        for (int i = 0; i < order.Length; i++)
        {
            var verdict = verdicts[order[i]];
            text.Append("<figure>");
            Picture(text, HeatMap.Png(originals, i, null), "");
            Picture(text, HeatMap.Png(originals, i, verdict.Map), "");
            if (reconstructions is not null)
            {
                Picture(text, HeatMap.Png(reconstructions, i, null), "");
            }

            text.Append(
                Invariant,
                $"<figcaption{(verdict.IsFlagged ? " class=\"flagged\"" : "")}>{Escape(verdict.Name)}<br>novelty "
                + $"{verdict.Novelty:F2}, above {verdict.Percentile:F0} % of normal images{(verdict.IsFlagged ? ", flagged" : "")}"
                + $"</figcaption></figure>");
        }

        return text.Append("</html>\n").ToString();
    }

    private static CultureInfo Invariant => CultureInfo.InvariantCulture;

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static void Picture(StringBuilder text, byte[] png, string description) =>
        text.Append(Invariant, $"<img alt=\"{Escape(description)}\" src=\"data:image/png;base64,{Convert.ToBase64String(png)}\">");

    private static Plot Histogram(
        IReadOnlyList<ImageVerdict> verdicts, IReadOnlyList<double> normal, FalsePositiveThreshold threshold)
    {
        // Logarithmic: what is strange is so by far.
        static double Place(double novelty) => Math.Log10(Math.Max(novelty, 1e-3));
        double[] scored = [.. verdicts.Select(verdict => Place(verdict.Novelty)).Where(double.IsFinite)];
        double[] usual = [.. normal.Select(Place).Where(double.IsFinite)];
        double low = scored.Concat(usual).Min();
        double high = Math.Max(scored.Concat(usual).Max(), Place(threshold.Value));
        var plot = Chart.Create("Novelty of normal and scored images", "log10 of the novelty (nats)", "share of the images");
        foreach (var (index, (values, name)) in new[] { (usual, "normal images"), (scored, "scored images") }.Index())
        {
            var histogram = ScottPlot.Statistics.Histogram.WithBinCount(Bins, low, high + 1e-9);
            histogram.AddRange(values);
            var bars = plot.Add.Bars(histogram.Bins, histogram.Counts.Select(count => count / Math.Max(1.0, values.Length)));
            foreach (var bar in bars.Bars)
            {
                bar.Size = histogram.FirstBinSize;
                bar.LineWidth = 0;
                bar.FillColor = Chart.ColorOf(index).WithAlpha(0.6);
            }

            bars.LegendText = name;
        }

        var line = plot.Add.VerticalLine(Place(threshold.Value), width: 2, color: Chart.Ink);
        line.LegendText = string.Create(Invariant, $"threshold, {100 * threshold.Rate:G3} % of normal images");
        return plot;
    }

    private static Plot Curve(IReadOnlyList<ImageVerdict> verdicts, bool[] isNormal)
    {
        double[] strange = [.. verdicts.Where((_, image) => !isNormal[image]).Select(verdict => verdict.Novelty)];
        double[] usual = [.. verdicts.Where((_, image) => isNormal[image]).Select(verdict => verdict.Novelty)];
        var curve = ReceiverOperatingCharacteristic.Curve(strange, usual);
        var plot = Chart.Create("ROC curve of the novelty", "share of normal images flagged", "share of the others flagged");
        var line = plot.Add.ScatterLine(
            curve.Select(point => point.FalsePositiveRate).ToArray(), curve.Select(point => point.TruePositiveRate).ToArray());
        line.Color = Chart.ColorOf(0);
        line.LineWidth = 2;
        line.LegendText = string.Create(Invariant, $"area {ReceiverOperatingCharacteristic.Area(strange, usual):F3}");
        return plot;
    }
}
