using Sere.Distributions;
using Sere.Likelihoods;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>
/// Masked convolutions and row LSTMs: what a pixel sees, all pixels at once against one after the other, and masses.
/// </summary>
/// <remarks>
/// Seen to fail with, of masked convolutions: a first layer that sees its own pixel; the link from the row itself, or none; a vertical kernel that
/// is not centred; no context in the horizontal stack. Where place follows place: either context from another row; rows
/// that do not move up; places of a window drawn that are not of the block; the bias of place 0 for all; contexts repeated
/// in another order. And with means or surprises that are not given the true pixels before. Of row LSTMs:
/// a first convolution that sees its own row, a state that is not centred; in a sequence, cells that stay those of the first
/// row, context of the row that ends.
/// </remarks>
public sealed class AutoregressivePixelsLawTests
{
    private const int Batch = 3;
    private const string Recurrent = "row LSTM";
    private const int Height = 6;
    private const int Width = 7;

    // Draws are whole levels: among so many, and with outputs so large, what is computed wrong changes some.
    private const int ManyDraws = 100;
    private const double LargeOutputs = 100;

    public static TheoryData<int, int[]> Fields => new()
    {
        { 1, [3] },
        { 1, [3, 3] },
        { 2, [5, 3] },
        { 1, [3, 1, 3] },
        { 1, [7, 3, 3, 3, 3] },
    };

    public static TheoryData<string> Images => [.. Table.Keys];

    public static TheoryData<string> Networks => [.. Kinds.Keys];

    /// <summary>Networks of a stack and an input, with two channels of context and two parameters.</summary>
    private static Dictionary<string, Func<int, FeatureShape, PixelNetwork>> Kinds { get; } = new(StringComparer.Ordinal)
    {
        ["masked convolutions"] = (stack, input) => new MaskedConvolutions(
            stack, input, new MaskedConvolutionSettings(3, [5, 3, 3], Context: 2, Parameters: 2), Float64Initializer()),
        ["row LSTM"] = (stack, input) => new RowLstm(
            stack, input, new RowLstmSettings(3, FirstKernel: 5, Kernel: 3, Layers: 2, Context: 2, Parameters: 2), Float64Initializer()),
        ["row LSTM of small kernels"] = (stack, input) => new RowLstm(
            stack, input, new RowLstmSettings(2, FirstKernel: 1, Kernel: 1, Layers: 2, Context: 2, Parameters: 2), Float64Initializer()),
    };

    /// <summary>Kinds of images with the family of a pixel.</summary>
    private static Dictionary<string, (FeatureShape Image, Func<DataFamily> Family)> Table { get; } = new(StringComparer.Ordinal)
    {
        ["binary"] = (new(1, 3, 4), () => new BernoulliFamily()),
        ["binary, three channels"] = (new(3, 2, 2), () => new BernoulliFamily()),
        ["one row"] = (new(1, 1, 5), () => new BernoulliFamily()),
        ["one column"] = (new(1, 5, 1), () => new BernoulliFamily()),
        ["colour"] = (new(3, 2, 2), () => new LogisticMixtureFamily(new(3, Mixtures: 2, Levels: 2, ScaleFloor: 0.1))),
        [$"binary, {Recurrent}"] = (new(1, 3, 4), () => new BernoulliFamily()),
        [$"three channels, {Recurrent}"] = (new(3, 2, 2), () => new BernoulliFamily()),
    };

    /// <summary>
    /// By gradients: with S the sum of half the kernels, a pixel sees the S + 1 rows above it, S columns to each side, and S + 1
    /// pixels to its left; all of them, so that there is no blind spot, and nothing else.
    /// </summary>
    [Theory]
    [MemberData(nameof(Fields))]
    public void A_pixel_sees_all_before_it_within_its_field_and_nothing_else(int stack, int[] kernels)
    {
        using var scope = torch.NewDisposeScope();
        var network = new MaskedConvolutions(
            stack,
            new FeatureShape(2, Height, Width),
            new MaskedConvolutionSettings(3, kernels, Context: 0, Parameters: 2),
            new ParameterInitializer(1, torch.ScalarType.Float64));
        Parameters.Randomize(network, 2);
        int sides = kernels.Sum(kernel => kernel / 2);

        RequireSeen(network, stack, (above, aside) => above == 0
            ? aside < 0 && -aside <= sides + 1
            : above > 0 && above <= sides + 1 && Math.Abs(aside) <= sides);
    }

    /// <summary>
    /// By gradients: the first convolution reaches to the left or above, each layer to the left, and the state above, any
    /// number of times, to its neighbours.
    /// </summary>
    [Theory]
    [InlineData(1, 3, 3, 1)]
    [InlineData(2, 5, 3, 2)]
    [InlineData(1, 1, 1, 2)]
    public void A_pixel_of_a_row_LSTM_sees_what_is_left_of_it_and_a_triangle_above(
        int stack, int firstKernel, int kernel, int layers)
    {
        using var scope = torch.NewDisposeScope();
        var network = new RowLstm(
            stack,
            new FeatureShape(2, Height, Width),
            new RowLstmSettings(3, firstKernel, kernel, layers, Context: 0, Parameters: 2),
            Float64Initializer());
        Parameters.Randomize(network, 2);
        int half = (firstKernel + 1) / 2, side = firstKernel / 2;
        int left = layers * (kernel / 2), step = kernel / 2;
        RequireSeen(network, stack, (above, aside) =>
        {
            bool Within(int rows, int least, int most) =>
                rows >= 0 && aside >= least - left - (rows * step) && aside <= most + (rows * step);
            return above >= 0 && (Within(above, -half, -1)
                || Enumerable.Range(1, half).Any(first => Within(above - first, -side, side)));
        });
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_stack_at_once_equals_each_network_alone(string name)
    {
        const int Stack = 3;
        using var scope = torch.NewDisposeScope();
        var network = Kinds[name](Stack, new FeatureShape(2, 4, 5));
        Parameters.Randomize(network, 2);
        var x = Float64.Leaf(Float64.Normal(3, Batch, Stack * 2, 4, 5));
        var context = Float64.Leaf(Float64.Normal(4, Batch, Stack * 2, 4, 5));
        var weights = Float64.Normal(5, Batch, Stack * 2, 4, 5);
        TensorAssert.SameGradients(
            () => (network.Forward(x, context, 0, Stack) * weights).sum(),
            () => (torch.cat(
                [
                    .. Enumerable.Range(0, Stack).Select(member => network.Forward(
                        x.narrow(1, 2 * member, 2), context.narrow(1, 2 * member, 2), member, 1)),
                ],
                1) * weights).sum(),
            [x, context, .. network.parameters()],
            1e-9);
    }

    /// <summary>As a model does whose first block has a residual data layer less than the others.</summary>
    [Theory]
    [MemberData(nameof(Networks))]
    public void A_start_from_data_of_each_network_by_itself_is_that_of_all(string name)
    {
        const int Stack = 3;
        using var scope = torch.NewDisposeScope();
        var (together, apart) = (Kinds[name](Stack, new FeatureShape(2, 4, 5)), Kinds[name](Stack, new FeatureShape(2, 4, 5)));
        var x = Float64.Normal(3, Batch, Stack * 2, 4, 5);
        var context = Float64.Normal(4, Batch, Stack * 2, 4, 5);
        DataDependentStart.Run(together, () => together.Forward(x, context, 0, Stack));
        DataDependentStart.Run(apart, () =>
        {
            apart.Forward(x.narrow(1, 0, 2), context.narrow(1, 0, 2), 0, 1);
            apart.Forward(x.narrow(1, 2, 4), context.narrow(1, 2, 4), 1, 2);
        });
        Assert.All(together.parameters().Zip(apart.parameters()), pair =>
            TensorAssert.Close(pair.First, pair.Second, 1e-9, "parameter"));
    }

    [Fact]
    public void Rectangular_kernels_of_a_stack_equal_each_alone_on_an_input_that_all_share()
    {
        const int Stack = 3;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var convolution = new StackedConvolution(
            Stack, 2, 4, (2, 3), gain: 1, new ParameterInitializer(1, torch.ScalarType.Float64));
        Parameters.Randomize(convolution, 2);
        var x = Float64.Normal(3, Batch, 2, 5, 6);
        var alone = torch.cat(
            [.. Enumerable.Range(0, Stack).Select(member => convolution.Forward(x, member, 1))], 1);
        TensorAssert.Close(alone, convolution.Forward(x), 1e-12, "outputs");
    }

    public static TheoryData<string, int, int> NetworksAndShapes
    {
        get
        {
            var settings = new TheoryData<string, int, int>();
            foreach (string name in Kinds.Keys)
            {
                settings.Add(name, 4, 5);
                settings.Add(name, 5, 1);
                settings.Add(name, 1, 5);
            }

            return settings;
        }
    }

    [Theory]
    [MemberData(nameof(NetworksAndShapes))]
    public void Place_after_place_equals_all_places_at_once(string name, int height, int width)
    {
        const int Stack = 2;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var network = Kinds[name](Stack, new FeatureShape(2, height, width));
        Parameters.Randomize(network, 2);
        for (int member = 0; member < Stack; member++)
        {
            var x = Float64.Normal(3, Batch, 2, height, width);
            var context = Float64.Normal(4, Batch, 2, height, width);
            var inputs = x.flatten(2);
            var sequential = network.Sequence(member, context, inputs);
            var outputs = new List<torch.Tensor>();
            for (int place = 0; place < height * width; place++)
            {
                outputs.Add(sequential.Next());
                sequential.Give(inputs.select(2, place));
            }

            TensorAssert.Close(
                network.Forward(x, context, member, 1).flatten(2), torch.stack([.. outputs], 2), 1e-12, $"network {member}");
        }
    }

    /// <summary>Pixel by pixel with all of the network computed for each, against the draw that computes what changed.</summary>
    [Theory]
    [MemberData(nameof(Images))]
    public void A_draw_computes_what_changed_and_gives_what_computing_all_gives(string name)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var likelihood = Create(name);
        Enlarge(likelihood);
        var uniform = Float64.Uniform(5, ManyDraws, likelihood.Dimensions);
        var distribution = likelihood.Step(0, [], []);
        TensorAssert.Close(
            Naive(distribution, uniform, Table[name].Image.Channels), distribution.FromUniform(uniform), 0, "draw");
    }

    [Theory]
    [InlineData(4, 2, false)]
    [InlineData(3, 5, false)]
    [InlineData(3, 5, true)]
    public void A_draw_of_a_block_on_its_context_gives_what_computing_all_gives(int blocks, int rowLength, bool isRecurrent)
    {
        int pixels = 3 * rowLength;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var partition = new RasterPartition(pixels, (pixels + ((pixels / blocks) - 1)) / (pixels / blocks), rowLength);
        AutoregressivePixelChoice choice = isRecurrent
            ? new RowLstmPixels { Layers = 2, Channels = 3, FirstKernel = 3, Context = 2 }
            : new MaskedConvolutionPixels { Layers = 3, Channels = 3, FirstKernel = 5, Context = 2 };
        var made = choice.Build(partition, new BernoulliFamily(), isConditional: true, Float64Initializer());
        Parameters.Randomize(made, 2);
        Enlarge(made);
        for (int block = 0; block < partition.Blocks; block++)
        {
            var distribution = made.Bind(block, Float64.Normal(4, ManyDraws, made.Context.Size));
            var uniform = Float64.Uniform(5, ManyDraws, partition.BlockSize(block));
            TensorAssert.Close(Naive(distribution, uniform, 1), distribution.FromUniform(uniform), 0, $"block {block}");

            // As many draws of each context as asked for.
            var more = Float64.Uniform(6, 4, ManyDraws, partition.BlockSize(block));
            TensorAssert.Close(distribution.FromUniform(more[2]), distribution.FromUniform(more)[2], 0, $"block {block}");
        }
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Masses_sum_to_one_and_means_are_those_of_the_conditionals(string name)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var (image, _) = Table[name];
        var likelihood = Create(name);
        var images = Float64.BinaryVectors(image.Size);
        var masses = likelihood.LogProb([], likelihood.Prepare(images)).exp();
        Assert.Equal(1, masses.sum().item<double>(), 1e-12);
        Assert.True(masses.max().item<double>() > 2 * masses.min().item<double>());
        if (name.StartsWith("colour", StringComparison.Ordinal))
        {
            return;
        }

        // E[x_i | x_<i] by sums of masses, for the pixels before i of some image.
        const int Some = 5;
        var means = likelihood.TeacherForced([], images[Some].unsqueeze(0)).Means[0];
        for (int place = 0; place < image.Positions; place++)
        {
            var agree = torch.ones(images.shape[0], torch.ScalarType.Float64);
            for (int before = 0; before < place; before++)
            {
                for (int channel = 0; channel < image.Channels; channel++)
                {
                    int dimension = (channel * image.Positions) + before;
                    agree *= images.select(1, dimension).eq(images[Some, dimension]);
                }
            }

            double given = (masses * agree).sum().item<double>();
            double expected = (masses * agree * images.select(1, place)).sum().item<double>() / given;
            Assert.Equal(expected, means[place].item<double>(), 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Draws_come_with_the_frequencies_of_their_masses(string name)
    {
        const int Draws = 4000;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var (image, _) = Table[name];
        var likelihood = Create(name);
        var images = Float64.BinaryVectors(image.Size);
        var masses = likelihood.LogProb([], likelihood.Prepare(images)).exp();
        var drawn = likelihood.Generate([], Float64.Uniform(7, Draws, image.Size)).Values;

        // The frequency of each pixel, and of each pair of pixels.
        var expected = (images * masses.unsqueeze(1)).t().mm(images);
        var actual = drawn.t().mm(drawn).Over(Draws);
        var error = (expected - expected.Square()).Over(Draws).sqrt();
        TensorAssert.WithinFourStandardErrors(expected, actual, error, "frequencies");
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Surprise_is_of_pixels_given_the_true_ones_before_them(string name)
    {
        const int Samples = 4;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var likelihood = Create(name);
        var x = likelihood.Generate([], Float64.Uniform(9, Batch, likelihood.Dimensions)).Values;
        var uniform = Float64.Uniform(10, Samples * Batch, likelihood.Dimensions);
        var surprise = likelihood.Surprise([], likelihood.Prepare(x), uniform)!;

        var given = likelihood.Step(0, [], []).Given(x.repeat(Samples, 1));
        var excess = given.LogProbPerPosition(given.FromUniform(uniform)) - given.LogProbPerPosition(x.repeat(Samples, 1));
        long channels = x.shape[1] / excess.shape[1];
        var standardized = given.Standardize(x.repeat(Samples, 1));
        TensorAssert.Close(
            likelihood.LogProb([], likelihood.Prepare(x)).unsqueeze(0), surprise.LogLikelihood, 1e-12, "log-likelihood");
        TensorAssert.Close(excess.repeat(1, channels).Over(channels).mean([0]), surprise.Excess, 1e-12, "excess");
        TensorAssert.Close(standardized.mean([0]), surprise.Standardized, 1e-12, "standardized");
    }

    [Fact]
    public void It_starts_around_independent_pixels_of_the_given_means()
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var likelihood = Create("binary");
        foreach (var parameter in likelihood.parameters())
        {
            parameter.zero_();
        }

        var mean = Float64.Uniform(8, likelihood.Dimensions);
        likelihood.InitializeOutput(mean);
        var zeros = torch.zeros(1, likelihood.Dimensions, torch.ScalarType.Float64);
        foreach (var (key, parameter) in likelihood.named_parameters())
        {
            if (key.EndsWith("weight", StringComparison.Ordinal))
            {
                parameter.FillInPlace(1);
            }
        }

        TensorAssert.Close(
            mean.Clamp(0.001, 0.999), likelihood.TeacherForced([], zeros).Means[0], 1e-12, "means");
    }

    [Fact]
    public void Vectors_are_refused() => Assert.Contains(
        "model.data.pixels.kind",
        Assert.Throws<UsageException>(() => new MaskedConvolutionPixels().Build(
            new RasterPartition(6, 2), new BernoulliFamily(), isConditional: true, new ParameterInitializer(1))).Message,
        StringComparison.Ordinal);

    private static ParameterInitializer Float64Initializer() => new(1, torch.ScalarType.Float64);

    private static void RequireSeen(PixelNetwork network, int stack, Func<int, int, bool> isSeen)
    {
        // A copy of one image for each place: one backward pass gives what each of them sees.
        const int Places = Height * Width;
        var x = Float64.Leaf(Float64.Normal(3, 1, stack * 2, Height, Width).expand(Places, -1, -1, -1).contiguous());
        network.Forward(x, null, 0, stack).sum([1]).view(Places, Places).diagonal().sum().backward();
        var gradients = x.grad!.abs().sum([1]).view(Places, Places).IsAbove(0);
        for (int place = 0; place < Places; place++)
        {
            bool[] seen = [.. gradients[place].data<bool>()];
            for (int other = 0; other < seen.Length; other++)
            {
                bool expected = isSeen((place / Width) - (other / Width), (other % Width) - (place % Width));
                Assert.True(expected == seen[other], $"place {place}, input {other}: seen is {seen[other]}.");
            }
        }
    }

    private static AutoregressiveLikelihood Create(string name)
    {
        var (image, family) = Table[name];
        var likelihood = new AutoregressiveLikelihood(
            image,
            family(),
            name.EndsWith(Recurrent, StringComparison.Ordinal)
                ? new RowLstmPixels { Layers = 2, Channels = 3, FirstKernel = 3 }
                : new MaskedConvolutionPixels { Layers = 3, Channels = 3, FirstKernel = 5 },
            Float64Initializer());
        Parameters.Randomize(likelihood, 2);
        return likelihood;
    }

    private static void Enlarge(torch.nn.Module module) =>
        module.named_parameters().Single(one => one.name.EndsWith("outputs.scale", StringComparison.Ordinal)).parameter
            .TimesInPlace(LargeOutputs);

    private static torch.Tensor Naive(DataDistribution distribution, torch.Tensor uniform, int channels)
    {
        var x = torch.zeros_like(uniform);
        int places = (int)uniform.shape[1] / channels;
        for (int place = 0; place < places; place++)
        {
            var all = distribution.Given(x).FromUniform(uniform);
            for (int channel = 0; channel < channels; channel++)
            {
                int dimension = (channel * places) + place;
                x.select(1, dimension).copy_(all.select(1, dimension));
            }
        }

        return x;
    }
}
