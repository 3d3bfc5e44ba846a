using Sere.Kernels;
using Sere.Networks;

namespace Sere.Models.Configuration;

/// <summary>A multilayer perceptron. JSON kind "mlp".</summary>
public sealed record MlpConfiguration : NetworkConfiguration
{
    /// <summary>
    /// The width of each hidden layer, at most 100 layers of 1 to 65536 units; empty for a linear map. The list is
    /// copied when it is set.
    /// </summary>
    public IReadOnlyList<int> Hidden { get; init => field = [.. value]; } = [200, 200];

    /// <summary>The nonlinearity after each hidden layer.</summary>
    public Activation Activation { get; init; } = Activation.Elu;

    /// <summary>Whether both have the same widths, in order, and the same nonlinearity.</summary>
    public bool Equals(MlpConfiguration? other) =>
        other is not null && Activation == other.Activation && Hidden.SequenceEqual(other.Hidden);

    /// <summary>A hash of the widths and the nonlinearity.</summary>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Activation);
        foreach (int width in Hidden)
        {
            hash.Add(width);
        }

        return hash.ToHashCode();
    }

    internal override NetworkDesign Design() => new PerceptronDesign(Hidden, Activation);

    internal override void Validate(string path)
    {
        ConfigurationCheck.Require(
            Hidden.Count <= 100, $"{path}.hidden", Hidden, "a list of at most 100 widths");
        for (int index = 0; index < Hidden.Count; index++)
        {
            ConfigurationCheck.Require(
                Hidden[index] is >= 1 and <= 65_536,
                $"{path}.hidden[{index}]",
                Hidden[index],
                "a whole number from 1 to 65536");
        }

        ConfigurationCheck.RequireNamed($"{path}.activation", Activation);
    }
}
