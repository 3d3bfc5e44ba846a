using System.Text.RegularExpressions;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs;
using Sere.Runs.Configuration;
using Xunit;
using DataPictures = Sere.Tests.Data.Pictures;

namespace Sere.Tests.Runs;

/// <summary>A verdict on images beside normal ones, of a model of four levels in the smallest checkerboard.</summary>
public sealed class VerdictTests(VerdictRun run) : FolderTests, IClassFixture<VerdictRun>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void What_is_said_of_an_image_has_the_same_bits_alone_and_among_others()
    {
        using var model = Trained();
        ImageSet images = Waves(12, seed: 5);
        var all = model.Verdict(images, cancellation: Token);
        double[] likelihoods = model.Score(images, new EvaluationOptions { ImportanceSamples = 3 }, null, Token).LogLikelihood;
        for (int image = 0; image < images.Count; image += 5)
        {
            ImageSet alone = images.Slice(image, 1);
            var verdict = model.Verdict(alone, cancellation: Token).Single();
            Assert.Equal(all[image].Novelty, verdict.Novelty);
            Assert.Equal(all[image].Figures, verdict.Figures);
            Assert.Equal(all[image].Map.Values.ToArray(), verdict.Map.Values.ToArray());
            Assert.Equal(
                likelihoods[image],
                model.Score(alone, new EvaluationOptions { ImportanceSamples = 3 }, null, Token).LogLikelihood[0]);
        }
    }

    [Fact]
    public void A_spot_is_flagged_and_its_place_is_where_the_map_is_highest()
    {
        using var model = Trained();
        ImageSet normal = Waves(40, seed: 6);
        ImageSet spotted = Waves(10, seed: 7);
        foreach (int image in Enumerable.Range(0, 10))
        {
            for (int i = 0; i < 9; i++)
            {
                spotted.Pixels[(image * 256) + ((9 + (i / 3)) * 16) + 4 + (i % 3)] = 255;
            }
        }

        var usual = model.Verdict(normal, 0.05, cancellation: Token);
        var strange = model.Verdict(spotted, 0.05, cancellation: Token);
        Assert.True(ReceiverOperatingCharacteristic.Area(
            [.. strange.Select(verdict => verdict.Novelty)], [.. usual.Select(verdict => verdict.Novelty)]) > 0.99);
        Assert.All(strange, verdict => Assert.True(verdict.IsFlagged));
        Assert.True(usual.Count(verdict => verdict.IsFlagged) <= 8);
        Assert.All(strange, verdict =>
        {
            float[] around = WindowMeans.Around(verdict.Map.Values.Span, 16, 3);
            int highest = Array.IndexOf(around, around.Max());
            Assert.InRange(highest / 16, 8, 12);
            Assert.InRange(highest % 16, 3, 7);
        });
    }

    [Fact]
    public void A_verdict_needs_nothing_but_the_run_and_is_none_without_what_it_keeps()
    {
        var folder = new RunFolder(run.Copy(_folder.File("run")));
        ImageSet images = Waves(2, seed: 8);
        double expected;
        using (var model = TrainedModel.Load(folder.Root))
        {
            expected = model.Verdict(images, cancellation: Token)[0].Novelty;
            Assert.Equal(model.Threshold(0.1).Value, model.Threshold(0.1).Value);
            Assert.True(model.Threshold(0.01).Value > model.Threshold(0.1).Value);
        }

        using (var again = TrainedModel.Load(folder.Root))
        {
            Assert.Equal(expected, again.Verdict(images, cancellation: Token)[0].Novelty);
        }

        string kept = folder.NormalImages;
        File.WriteAllText(kept, File.ReadAllText(kept).Replace("\"weights\":\"", "\"weights\":\"0", StringComparison.Ordinal));
        using var other = TrainedModel.Load(folder.Root);
        Assert.Contains("no figures of normal images", Assert.Throws<SereException>(
            () => other.Verdict(images, cancellation: Token)).Message);
        File.Delete(kept);
        Assert.Throws<SereException>(() => other.Threshold());
    }

    [Theory]
    [InlineData("\"figures\":\\[\\[", "\"figures\":[null,[")]
    [InlineData("\"figures\":\\[\\[[^,]*,", "\"figures\":[[1e300,")]
    [InlineData("\"figures\":\\[\\[[^,]*,", "\"figures\":[[")]
    [InlineData("\"mean\":\"[^\"]{8}", "\"mean\":\"AADAfwAA")]
    [InlineData("\"sum\":\"[^\"]{8}", "\"sum\":\"")]
    [InlineData("\"names\":", "\"nomes\":")]
    [InlineData("\"width\":16", "\"width\":0")]
    public void Figures_of_normal_images_that_are_damaged_are_not_taken(string what, string by)
    {
        var folder = new RunFolder(run.Copy(_folder.File("run")));
        string text = File.ReadAllText(folder.NormalImages);
        string damaged = Regex.Replace(text, what, by, RegexOptions.None, TimeSpan.FromSeconds(1));
        Assert.NotEqual(text, damaged);
        File.WriteAllText(folder.NormalImages, damaged);
        using var model = TrainedModel.Load(folder.Root);
        Assert.Throws<SereException>(() => model.Verdict(Waves(1, seed: 12), cancellation: Token));
    }

    [Fact]
    public void While_held_out_images_are_measured_a_run_says_how_many()
    {
        Assert.Equal(Enumerable.Range(1, 60).Select(image => $"examined {image} of 60"), run.Observer.HeldOut.Take(60));
        Assert.Equal("scored 30 of 30", run.Observer.HeldOut[^1]);
    }

    [Fact]
    public void A_handful_of_held_out_images_gives_no_verdict()
    {
        using var model = Trained();
        var few = new DatasetSplits("waves", Waves(40, seed: 1), Waves(4, seed: 2), Waves(5, seed: 3));
        string message = Assert.Throws<SereException>(() => NormalImages.Measure(model, few, cancellation: Token)).Message;
        Assert.Contains("Only 9 images", message);
    }

    [Fact]
    public void Features_of_a_network_come_first_among_the_figures_and_depend_on_no_other_image()
    {
        var folder = new RunFolder(run.Copy(_folder.File("run")));
        File.WriteAllText(folder.Configuration, Regex.Replace(
            File.ReadAllText(folder.Configuration), "\"features\": *\"off\"", "\"features\": \"auto\"", RegexOptions.None, TimeSpan.FromSeconds(1)));
        using var model = TrainedModel.Load(folder.Root);
        var splits = new DatasetSplits("waves", Waves(10, seed: 1), Waves(5, seed: 2), Waves(5, seed: 3));
        var normal = NormalImages.Measure(model, splits, cancellation: Token);
        Assert.Equal(FeatureStatistics.Figures, normal.Names.Take(3));
        normal.Write(folder);

        using var again = TrainedModel.Load(folder.Root);
        ImageSet images = Waves(18, seed: 4);
        var all = again.Verdict(images, cancellation: Token);
        Assert.Equal(FeatureStatistics.Figures, all[17].Figures.Keys.Take(3));
        Assert.Equal(all[17].Figures, again.Verdict(images.Slice(17, 1), cancellation: Token).Single().Figures);
        Assert.Equal(normal.Names.Skip(3), normal.WithoutFeatures().Names);
        Assert.Equal(normal.Figures[5].Skip(3), normal.WithoutFeatures().Figures[5]);

        string kept = File.ReadAllText(folder.NormalImages);
        File.WriteAllText(folder.NormalImages, kept.Replace("\"places\":196", "\"places\":195", StringComparison.Ordinal));
        using var damaged = TrainedModel.Load(folder.Root);
        Assert.Throws<SereException>(() => damaged.Verdict(images.Slice(0, 1), cancellation: Token));
    }

    [Fact]
    public void Of_many_training_images_the_codes_are_kept_and_an_image_lies_as_far_from_them_alone_as_among_others()
    {
        var folder = new RunFolder(run.Copy(_folder.File("run")));
        using var model = Trained();
        var splits = new DatasetSplits("waves", Waves(CodeNeighbours.FewestImages, seed: 1), Waves(30, seed: 2), Waves(30, seed: 3));
        var normal = NormalImages.Measure(model, splits, cancellation: Token);
        normal.Write(folder);

        using var again = TrainedModel.Load(folder.Root);
        ImageSet images = Waves(3, seed: 4);
        Array.Fill<byte>(images.Pixels, 255, 256, 128);
        var all = again.Verdict(images, cancellation: Token);
        Assert.Equal(all[2].Figures, again.Verdict(images.Slice(2, 1), cancellation: Token).Single().Figures);
        Assert.Equal(all[2].Novelty, again.Verdict(images.Slice(2, 1), cancellation: Token).Single().Novelty);
        Assert.True(all[1].Figures[ImageFigures.CodeOutlier] > all.Max(one => one == all[1] ? 0 : one.Figures[ImageFigures.CodeOutlier]));

        string kept = File.ReadAllText(folder.NormalImages);
        File.WriteAllText(folder.NormalImages, Regex.Replace(
            kept, "\"distances\":\"[^\"]{8}", "\"distances\":\"", RegexOptions.None, TimeSpan.FromSeconds(1)));
        using var damaged = TrainedModel.Load(folder.Root);
        Assert.Throws<SereException>(() => damaged.Verdict(images, cancellation: Token));
    }

    [Fact]
    public async Task Threads_wait_for_each_other_and_a_disposed_model_says_so()
    {
        var model = Trained();
        ImageSet images = Waves(3, seed: 9);
        double[] expected = [.. model.Verdict(images, cancellation: Token).Select(verdict => verdict.Novelty)];
        double[][] found = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () => model.Verdict(images, cancellation: Token).Select(verdict => verdict.Novelty).ToArray(), Token)));
        Assert.All(found, novelties => Assert.Equal(expected, novelties));
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Verdict(images, cancellation: Token));
        Assert.Throws<ObjectDisposedException>(() => model.LogLikelihood(images));
        Assert.Throws<ObjectDisposedException>(() => model.Sample(1));
    }

    [Fact]
    public void Progress_is_told_and_a_cancelled_verdict_stops()
    {
        using var model = Trained();
        using var stopping = new CancellationTokenSource();
        var counts = new Counts(stopping);
        Assert.Throws<OperationCanceledException>(() => model.Verdict(Waves(9, seed: 10), 0.01, counts, stopping.Token));
        Assert.Equal([1, 2, 3], counts.Told);
    }

    [Fact]
    public void Encoded_bytes_streams_and_pixels_side_by_side_are_the_same_image()
    {
        using var model = Trained();
        ImageSet wave = Waves(1, seed: 11);
        byte[] encoded = DataPictures.Encode(16, 16, (x, y) => DataPictures.Level(wave.Pixels[(16 * y) + x]));
        using var stream = new MemoryStream(encoded);
        Assert.Equal(wave.Pixels, model.Read(encoded).Pixels);
        Assert.Equal(wave.Pixels, model.Read(stream).Pixels);
        Assert.Equal(wave.Pixels, model.Read(wave.Pixels, 16, 16, PixelLayout.Gray).Pixels);
        Assert.Equal(
            "The image has the shape 1x8x8 (channels, height, width) and the model takes 1x16x16; have it stretched to that size (resize).",
            Assert.Throws<SereException>(() => model.Read(new byte[8 * 8], 8, 8, PixelLayout.Gray)).Message);
        Assert.EndsWith(
            "have its colour turned into grey (gray).",
            Assert.Throws<SereException>(() => model.Read(new byte[8 * 8 * 3], 8, 8, PixelLayout.Rgb)).Message,
            StringComparison.Ordinal);
        Assert.Equal(
            "The image is damaged or not a PNG, JPEG, WebP or BMP image; give another.",
            Assert.Throws<SereException>(() => model.Read((byte[])[1, 2, 3])).Message);
    }

    [Theory]
    [InlineData(PixelLayout.Rgb, new byte[] { 10, 20, 30, 40, 50, 60 }, new byte[] { 10, 40, 20, 50, 30, 60 })]
    [InlineData(PixelLayout.Bgr, new byte[] { 30, 20, 10, 60, 50, 40 }, new byte[] { 10, 40, 20, 50, 30, 60 })]
    [InlineData(PixelLayout.Rgba, new byte[] { 10, 20, 30, 255, 40, 50, 60, 0 }, new byte[] { 10, 0, 20, 0, 30, 0 })]
    [InlineData(PixelLayout.Bgra, new byte[] { 30, 20, 10, 255, 60, 50, 40, 255 }, new byte[] { 10, 40, 20, 50, 30, 60 })]
    public void A_layout_says_which_byte_is_which(PixelLayout layout, byte[] pixels, byte[] planes)
    {
        Assert.Equal(planes, ImageSet.FromPixels(pixels, 2, 1, layout).Pixels);
        int row = pixels.Length / 2;
        byte[] padded = [.. pixels[..row], 99, .. pixels[row..]];
        Assert.Equal(planes, ImageSet.FromPixels(padded, 1, 2, layout, row + 1).Pixels);
        Assert.Throws<ArgumentException>(() => ImageSet.FromPixels(pixels, 2, 2, layout));
    }

    private TrainedModel Trained() => TrainedModel.Load(run.Root);

    private static ImageSet Waves(int count, int seed) => VerdictRun.Waves(count, seed);

    private sealed class Counts(CancellationTokenSource stopping) : IProgress<int>
    {
        public List<int> Told { get; } = [];

        public void Report(int value)
        {
            Told.Add(value);
            if (value == 3)
            {
                stopping.Cancel();
            }
        }
    }
}

/// <summary>A run on waves, trained once for all tests of the class.</summary>
public sealed class VerdictRun : IDisposable
{
    private static readonly ExperimentConfiguration Configuration = ConfigurationOverrides.Apply(
        Presets.Load("grey"),
        [
            "model.latents=2",
            "model.evidence.network.widths=[4]",
            "model.prior.network.hidden=[4]",
            "model.bijector.network.hidden=[4]",
            "model.data.network.widths=[4]",
            "training.epochs=10",
            "training.batchSize=20",
            "evaluation.features=off",
        ]);

    private readonly TemporaryFolder _folder = new();

    public VerdictRun()
    {
        Root = _folder.File("run");
        var splits = new DatasetSplits("waves", Waves(100, seed: 1), Waves(30, seed: 2), Waves(30, seed: 3));
        using var run = TrainingRun.Start(Configuration, splits, new RunFolder(Root), observer: Observer);
        run.Execute();
    }

    internal RecordingRun Observer { get; } = new();

    internal string Root { get; }

    /// <summary>A copy of the run, to be damaged.</summary>
    internal string Copy(string folder) => TemporaryFolder.Copy(Root, folder);

    public void Dispose() => _folder.Dispose();

    /// <summary>Images of 16 x 16: a wave of any phase and height on a ground of any level, with noise.</summary>
    internal static ImageSet Waves(int count, int seed)
    {
        var random = new Random(seed);
        var pixels = new List<byte>();
        for (int image = 0; image < count; image++)
        {
            double phase = random.NextDouble() * 2 * Math.PI;
            double height = 20 + (20 * random.NextDouble());
            double ground = 90 + (40 * random.NextDouble());
            pixels.AddRange(Enumerable.Range(0, 256).Select(i =>
                (byte)(ground + (height * Math.Sin((i % 16 * 0.8) + phase)) + random.Next(7))));
        }

        return new ImageSet(new ImageShape(1, 16, 16), [.. pixels]);
    }
}
