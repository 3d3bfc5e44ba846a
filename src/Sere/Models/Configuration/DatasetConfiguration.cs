using Sere.Data;

namespace Sere.Models.Configuration;

/// <summary>The images of a run and how they are prepared.</summary>
public sealed record DatasetConfiguration
{
    /// <summary>The data set: a known name ("digits", "mnist") or "images:DIR"; not empty.</summary>
    public string Name { get; init; } = "digits";

    /// <summary>How many images at the end of the training split are kept for validation; at least 1.</summary>
    public int ValidationImages { get; init; } = 5000;

    /// <summary>How grey values become binary pixels.</summary>
    public BinarizationRule Binarization { get; init; } = BinarizationRule.Dynamic;

    /// <summary>
    /// The shape of an image. Null in a preset; a run's configuration holds it, so that the model can be rebuilt without
    /// the data.
    /// </summary>
    public ImageShapeConfiguration? Shape { get; init; }

    internal void Validate(string path)
    {
        ConfigurationCheck.Require(
            Name is { Length: >= 1 and <= 4096 }, $"{path}.name", Name, "a text of 1 to 4096 characters");
        ConfigurationCheck.Require(
            ValidationImages is >= 1 and <= ConfigurationCheck.MaximumCount,
            $"{path}.validationImages",
            ValidationImages,
            $"a whole number from 1 to {ConfigurationCheck.MaximumCount}");
        ConfigurationCheck.RequireNamed($"{path}.binarization", Binarization);
        Shape?.Validate($"{path}.shape");
    }
}
