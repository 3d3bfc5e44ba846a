using Sere.Distributions;

namespace Sere.Models.Configuration;

/// <summary>A normalizing flow whose log-likelihood is exact. JSON kind "flow".</summary>
public sealed record FlowModelConfiguration : ModelConfiguration
{
    /// <summary>The steps of the flow.</summary>
    public FlowConfiguration Flow { get; init; } = new MaskedAutoregressiveFlowConfiguration();

    /// <summary>The distribution that it starts from.</summary>
    public FlowBaseKind Base { get; init; } = FlowBaseKind.Standard;

    /// <summary>Where data is taken to before the first step.</summary>
    public PreprocessingConfiguration Preprocessing { get; init; } = new StandardizeConfiguration();

    internal override DataLayerConfiguration? DataLayer => null;

    internal override PreprocessingConfiguration FlowPreprocessing => Preprocessing;

    internal override void Validate(string path)
    {
        Flow.Validate($"{path}.flow");
        ConfigurationCheck.RequireNamed($"{path}.base", Base);
        Preprocessing.Validate($"{path}.preprocessing");
    }
}
