namespace Sere.Models.Configuration;

/// <summary>The sentence in which every range of the configuration is refused.</summary>
internal static class ConfigurationCheck
{
    /// <summary>The most layers, latents, samples or images of one kind that a configuration may ask for.</summary>
    public const int MaximumCount = 1_000_000_000;

    /// <summary>The most importance samples of an image that an evaluation takes.</summary>
    public const int MaximumSamples = 1_000_000;

    /// <summary>Refuses a value outside its range.</summary>
    /// <param name="allowed">Whether the value is in its range; write it so that not-a-number is not.</param>
    /// <param name="path">Where the value stands in the JSON, such as "model.layers".</param>
    /// <param name="value">The value.</param>
    /// <param name="range">The range, to follow "it must be".</param>
    public static void Require(bool allowed, string path, object? value, string range)
    {
        if (!allowed)
        {
            throw new UsageException($"{path} is {Show(value)}; it must be {range}.");
        }
    }

    /// <summary>Refuses a name that cannot be that of a folder everywhere.</summary>
    public static void RequireFolderName(string path, string? name) => Require(
        name is { Length: >= 1 and <= 100 } && name[0] != '.'
            && name.All(letter => char.IsLetterOrDigit(letter) || letter is '-' or '_' or '.'),
        path,
        name,
        "a text of 1 to 100 letters, digits, '-', '_' and '.' (it names a folder) that does not begin with '.'");

    /// <summary>Refuses a number that is not one of the names of its enumeration.</summary>
    public static void RequireNamed<T>(string path, T value)
        where T : struct, Enum =>
        Require(Enum.IsDefined(value), path, value, $"a named value of {typeof(T).Name}");

    /// <summary>Refuses bounds of the diagonal of an affine bijector that do not hold 1, near which it starts.</summary>
    public static void RequireDiagonal(string path, double floor, double ceiling)
    {
        Require(floor is > 0 and < 1, $"{path}.diagonalFloor", floor, "greater than 0 and less than 1");
        Require(
            ceiling is > 1 and < double.PositiveInfinity, $"{path}.diagonalCeiling", ceiling, "greater than 1 and finite");
    }

    /// <summary>Refuses a flow where the image is given codes by one network.</summary>
    public static void RequireNoFlow(string path, DataLayerConfiguration data) => Require(
        data is not FlowDataConfiguration,
        $"{path}.kind",
        "flow",
        "bernoulli, gaussian or logistic-mixture here: a flow given codes is a part of models of the kind variational");

    public static void RequirePerceptrons(string path, NetworkConfiguration network) => Require(
        network is MlpConfiguration, $"{path}.kind", "resnet", "mlp: no other kind can be masked or batch-normalized here");

    /// <summary>Refuses splines without a bin, or on no interval.</summary>
    public static void RequireSpline(string path, int bins, double tailBound)
    {
        Require(bins is >= 1 and <= 1000, $"{path}.bins", bins, "a whole number from 1 to 1000");
        Require(tailBound is > 0 and <= 1e6, $"{path}.tailBound", tailBound, "greater than 0 and at most 1000000");
    }

    private static string Show(object? value) => value switch
    {
        null => "missing",
        string text => $"\"{ConfigurationSchema.Short(text)}\"",
        IReadOnlyCollection<int> list => $"a list of {list.Count}",
        _ => value.ToString() ?? "missing",
    };
}
