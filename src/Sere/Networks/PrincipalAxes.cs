using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// Mean, principal axes and standard deviations along them of some data, those of largest variance first; they go into
/// checkpoints. The covariance is shrunk toward its diagonal (<see cref="ShrunkCovariance"/>), so that also few data have one.
/// </summary>
internal sealed class PrincipalAxes : torch.nn.Module, IRunningStatistics
{
    // In a list: fields would be registered once more under names of their own.
    private readonly torch.Tensor[] _statistics;

    /// <summary>Mean 0, the axes of the coordinates, and deviations of 1.</summary>
    public PrincipalAxes(int dimensions, ParameterInitializer initializer)
        : base(nameof(PrincipalAxes))
    {
        _statistics =
        [
            torch.zeros(dimensions, initializer.Type, initializer.Device),
            torch.eye(dimensions, dimensions, initializer.Type, initializer.Device),
            torch.zeros(dimensions, initializer.Type, initializer.Device),
        ];
        RunningStatistics.Register(this);
    }

    IReadOnlyList<(string Name, torch.Tensor Value)> IRunningStatistics.Statistics =>
        [("mean", _statistics[0]), ("axes", _statistics[1]), ("log_deviations", _statistics[2])];

    bool IRunningStatistics.AreFixed => true;

    /// <summary>The mean, [N].</summary>
    public torch.Tensor Mean => _statistics[0];

    /// <summary>An axis a column, [N, N].</summary>
    public torch.Tensor Axes => _statistics[1];

    /// <summary>Logarithm of the standard deviation along each axis, [N].</summary>
    public torch.Tensor LogDeviations => _statistics[2];

    /// <summary>Takes them from all rows of x, [M, N].</summary>
    /// <exception cref="SereException">A dimension of x is constant.</exception>
    public void Fit(torch.Tensor x)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var (mean, covariance) = ShrunkCovariance.Fit(x) ?? throw new SereException(
            "The training data cannot be whitened, since a dimension of theirs is constant; standardize them instead.");
        var (variances, axes) = torch.linalg.eigh(covariance);
        Mean.copy_(mean);
        Axes.copy_(axes.flip(1));
        LogDeviations.copy_(variances.flip(0).log().Times(0.5));
    }
}
