using Sere.Distributions;

namespace Sere.Models.Configuration;

/// <summary>
/// A normalizing flow of the whole image given the codes (section 4.2.2); the inherited network gives the parameters of its
/// base from each code. JSON kind "flow".
/// </summary>
public sealed record FlowDataConfiguration : DataLayerConfiguration
{
    /// <summary>The steps that each layer of latents owns; their networks see its code.</summary>
    public FlowConfiguration Flow { get; init; } = new MaskedAutoregressiveFlowConfiguration { Steps = 2 };

    /// <summary>The distribution that the flow starts from.</summary>
    public FlowBaseKind Base { get; init; } = FlowBaseKind.Diagonal;

    /// <summary>Where data is taken to before the first step.</summary>
    public PreprocessingConfiguration Preprocessing { get; init; } = new StandardizeConfiguration();

    internal override void Validate(string path)
    {
        base.Validate(path);
        ConfigurationCheck.RequirePerceptrons($"{path}.network", Network);
        Flow.Validate($"{path}.flow");
        ConfigurationCheck.RequireNamed($"{path}.base", Base);
        Preprocessing.Validate($"{path}.preprocessing");
    }
}
