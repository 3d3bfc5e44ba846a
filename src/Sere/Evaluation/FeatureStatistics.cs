using System.Numerics;
using Sere.Data;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// What normal images show in features at places: a normal distribution at each place (PaDiM, Defard et al. 2021), a bank of
/// patches of any place (PatchCore, Roth et al. 2022), and a normal distribution of how much of each feature there is.
/// </summary>
/// <param name="Places">P, the places of an image.</param>
/// <param name="Mean">The mean of each feature over all places of all images, [C].</param>
/// <param name="Axes">Their principal components, the largest first, [K C].</param>
/// <param name="Scales">One over the spread along each of them, [K].</param>
/// <param name="Bank">Patches along the axes in units of the spread, [M K].</param>
/// <param name="AtPlaces">The first components at each place.</param>
/// <param name="Amounts">Mean and spread of each feature over the places of an image.</param>
internal sealed record FeatureStatistics(
    int Places, float[] Mean, float[] Axes, float[] Scales, float[] Bank, PackedNormal[] AtPlaces, PackedNormal Amounts)
{
    private const int MostAxes = 256;
    private const int MostAxesAtPlaces = 128;
    private const int MostPatches = 1000;

    // Below this share of the largest variance a component is noise.
    private const double SmallestShare = 1e-4;

    // A patch of the bank is at no distance from it, and that has no logarithm.
    private const double SmallestDistance = 1e-9;

    /// <summary>The names of the figures of an image.</summary>
    public static readonly string[] Figures = ["features_place", "features_nearest", "features_amount"];

    /// <summary>Fits features of normal images.</summary>
    /// <param name="features">Real values, C channels at H x W places.</param>
    /// <param name="seed">Seed of the choice of patches.</param>
    /// <returns>Null where the images do not differ.</returns>
    public static FeatureStatistics? Fit(ImageSet features, long seed)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        ThreadTuner.RequireAll();
        int channels = features.Shape.Channels;
        int places = features.Shape.Height * features.Shape.Width;
        var data = features.ToTensor().view(-1, channels, places).transpose(1, 2).contiguous();
        var patches = data.view(-1, channels);
        var mean = patches.mean([0]);
        patches = patches - mean;
        var (variances, vectors) = torch.linalg.eigh(patches.t().matmul(patches).to(torch.ScalarType.Float64).Over(patches.shape[0]));
        int kept = (int)Math.Min(MostAxes, Math.Min(channels, patches.shape[0] - 1));
        var axes = vectors.flip(1).narrow(1, 0, kept).to(torch.ScalarType.Float32);
        variances = variances.flip(0).narrow(0, 0, kept);
        double largest = variances[0].item<double>();
        if (!(largest > 0))
        {
            return null;
        }

        var along = patches.matmul(axes);
        var scales = variances.ClampBelow(0).Plus(largest * SmallestShare).rsqrt().to(torch.ScalarType.Float32);
        using var generator = new RandomStreams(seed).Open(StreamPurpose.Examination);
        var chosen = torch.randperm(patches.shape[0], generator: generator)
            .narrow(0, 0, Math.Min(MostPatches, patches.shape[0]));
        var bank = (along.index_select(0, chosen) * scales).contiguous();
        var atPlaces = along.view(-1, places, kept).narrow(2, 0, Math.Min(kept, MostAxesAtPlaces));
        var distributions = new PackedNormal[places];
        for (int place = 0; place < places; place++)
        {
            using var inner = torch.NewDisposeScope();
            distributions[place] = PackedNormal.Fit(atPlaces.select(1, place), largest * SmallestShare);
        }

        var amounts = torch.cat([data.mean([1]), data.std(1, unbiased: false)], 1);
        double spread = amounts.var(0, unbiased: false).max().item<float>();
        return !(spread > 0) ? null : new FeatureStatistics(
            places,
            Values(mean),
            Values(axes.t()),
            Values(scales),
            Values(bank),
            distributions,
            PackedNormal.Fit(amounts, spread * SmallestShare));
    }

    /// <summary>
    /// Logarithms of how far an image is from normal ones: at the place where it is farthest from what is normal there, where
    /// it is farthest from any normal patch, and by how much there is of each feature.
    /// </summary>
    /// <param name="features">[C P].</param>
    public double[] Of(ReadOnlySpan<float> features)
    {
        int channels = Mean.Length;
        float[] amounts = new float[2 * channels];
        float[] patches = new float[Places * channels];
        for (int channel = 0; channel < channels; channel++)
        {
            double sum = 0;
            double squares = 0;
            for (int place = 0; place < Places; place++)
            {
                float value = features[(channel * Places) + place];
                sum += value;
                squares += (double)value * value;
                patches[(place * channels) + channel] = value - Mean[channel];
            }

            double mean = sum / Places;
            amounts[channel] = (float)mean;
            amounts[channels + channel] = (float)Math.Sqrt(Math.Max(0, (squares / Places) - (mean * mean)));
        }

        var (farthest, nearest) = (0.0, 0.0);
        float[] along = new float[Scales.Length];
        for (int place = 0; place < Places; place++)
        {
            var patch = patches.AsSpan(place * channels, channels);
            for (int axis = 0; axis < along.Length; axis++)
            {
                along[axis] = Sums.OfProducts(patch, Axes.AsSpan(axis * channels, channels));
            }

            farthest = Math.Max(farthest, AtPlaces[place].HalfSquare(along));
            for (int axis = 0; axis < along.Length; axis++)
            {
                along[axis] *= Scales[axis];
            }

            float smallest = float.PositiveInfinity;
            for (int start = 0; start < Bank.Length; start += along.Length)
            {
                smallest = Math.Min(smallest, Sums.OfSquares(along, Bank.AsSpan(start, along.Length)));
            }

            nearest = Math.Max(nearest, smallest);
        }

        return Array.ConvertAll(
            [farthest, nearest, Amounts.HalfSquare(amounts)], distance => Math.Log(Math.Max(distance, SmallestDistance)));
    }

    /// <summary>Whether all is there, of sizes that fit each other, and finite.</summary>
    public bool IsSound() =>
        Places > 0 && Mean.Length > 0 && Scales.Length > 0 && Bank.Length > 0 && Axes.Length == Scales.Length * (long)Mean.Length
        && Bank.Length % Scales.Length == 0 && AtPlaces.Length == Places
        && AtPlaces.All(place => place is not null && place.IsSound(Scales.Length)) && Amounts.IsSound(2 * Mean.Length)
        && ((float[][])[Mean, Axes, Scales, Bank]).All(values => values.All(float.IsFinite));

    private static float[] Values(torch.Tensor values) =>
        [.. values.to(torch.ScalarType.Float32).contiguous().data<float>()];
}

/// <summary>
/// A normal distribution of some of the values of a vector, by its mean and the inverse of its covariance's Cholesky factor.
/// </summary>
/// <param name="Mean">The mean.</param>
/// <param name="Factor">The lower triangle, row by row.</param>
internal sealed record PackedNormal(float[] Mean, float[] Factor)
{
    /// <summary>Fits rows [N, D].</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="noise">
    /// The variance of noise that is added to each value: what does not vary must not make something strange of rounding.
    /// </param>
    public static PackedNormal Fit(torch.Tensor rows, double noise)
    {
        var data = rows.to(torch.ScalarType.Float64);
        long[] varying = [.. (data != data[0]).any(0).nonzero().data<long>()];
        var covariance = torch.eye(data.shape[1], dtype: torch.ScalarType.Float64).Times(noise);
        if (varying.Length > 0)
        {
            var columns = torch.tensor(varying);
            var fitted = ShrunkCovariance.Fit(data.index_select(1, columns))!.Value.Covariance;
            covariance.index_put_(
                fitted.Plus(torch.eye(varying.Length, dtype: torch.ScalarType.Float64).Times(noise)), columns.unsqueeze(1), columns);
        }

        int width = (int)data.shape[1];
        var inverse = torch.linalg.solve_triangular(
            torch.linalg.cholesky(covariance), torch.eye(width, dtype: torch.ScalarType.Float64), upper: false);
        var lower = torch.tril_indices(width, width);
        return new PackedNormal(
            [.. data.mean([0]).to(torch.ScalarType.Float32).data<float>()],
            [.. inverse[lower[0], lower[1]].to(torch.ScalarType.Float32).data<float>()]);
    }

    /// <summary>Half the squared distance from the mean in units of the spread, in nats, of the first values of a vector.</summary>
    public double HalfSquare(ReadOnlySpan<float> values)
    {
        float[] centered = new float[Mean.Length];
        for (int i = 0; i < centered.Length; i++)
        {
            centered[i] = values[i] - Mean[i];
        }

        double squares = 0;
        int start = 0;
        for (int row = 1; row <= centered.Length; row++)
        {
            double whitened = Sums.OfProducts(centered.AsSpan(0, row), Factor.AsSpan(start, row));
            squares += whitened * whitened;
            start += row;
        }

        return squares / 2;
    }

    /// <summary>Whether it is of at most so many values, and finite.</summary>
    public bool IsSound(int most) =>
        Mean.Length > 0 && Mean.Length <= most && Factor.Length == Mean.Length * ((long)Mean.Length + 1) / 2
        && Mean.All(float.IsFinite) && Factor.All(float.IsFinite);
}

/// <summary>Sums over vectors, in an order that does not depend on where they lie in memory.</summary>
internal static class Sums
{
    /// <summary>The sum of the products of two vectors of one length.</summary>
    public static float OfProducts(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var sums = Vector<float>.Zero;
        int i = 0;
        for (; i <= one.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            sums += new Vector<float>(one[i..]) * new Vector<float>(other[i..]);
        }

        float sum = Vector.Sum(sums);
        for (; i < one.Length; i++)
        {
            sum += one[i] * other[i];
        }

        return sum;
    }

    /// <summary>The sum of the squared differences of two vectors of one length.</summary>
    public static float OfSquares(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var sums = Vector<float>.Zero;
        int i = 0;
        for (; i <= one.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var difference = new Vector<float>(one[i..]) - new Vector<float>(other[i..]);
            sums += difference * difference;
        }

        float sum = Vector.Sum(sums);
        for (; i < one.Length; i++)
        {
            sum += (one[i] - other[i]) * (one[i] - other[i]);
        }

        return sum;
    }
}
