using System.Reflection;
using System.Text.Json;
using TorchSharp;

namespace Sere.Peers.TorchSharp;

/// <summary>What a program of the comparison prints: one line of JSON.</summary>
public static class PeerReport
{
    /// <summary>The fixed case.</summary>
    /// <param name="steps">Loss in nats and norm of the gradient of each step.</param>
    public static string Case(IReadOnlyList<(double Loss, double GradientNorm)> steps) => JsonSerializer.Serialize(new
    {
        losses = steps.Select(step => step.Loss),
        gradientNorms = steps.Select(step => step.GradientNorm),
    });

    /// <summary>A measurement.</summary>
    /// <param name="stepMilliseconds">A whole step.</param>
    /// <param name="batch">Images of a step.</param>
    /// <param name="program">Name of the program whose steps they are.</param>
    public static string Measurement(double stepMilliseconds, int batch, string program) => JsonSerializer.Serialize(new
    {
        imagesPerSecond = 1000 * batch / stepMilliseconds,
        stepMilliseconds,
        threads = torch.get_num_threads(),
        batch,
        blas = "of libtorch",
        version = $"{program}, TorchSharp {Version(typeof(torch))}, libtorch {torch.__version__}, .NET {Environment.Version}",
    });

    /// <summary>The version of a type's assembly.</summary>
    public static string Version(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        var attribute = type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>();
        return attribute!.InformationalVersion.Split('+')[0];
    }
}
