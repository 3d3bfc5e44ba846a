using Sere.Data;
using Sere.Evaluation;
using Sere.Runs;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class ScoreTableTests
{
    [Fact]
    public void A_score_that_is_not_a_number_has_no_percentile()
    {
        var likelihoods = new ImageLikelihoods
        {
            LogLikelihood = [-2, double.NaN],
            Elbo = [-3, double.NaN],
            MonteCarloStandardError = [0.5, double.NaN],
            ParetoShape = [0.25, double.NaN],
            EffectiveSampleSize = [2, double.NaN],
        };
        var heldOut = new HeldOutScores { Weights = "", ImportanceSamples = 1, Seed = 1, LogLikelihood = [-3, -1] };
        var scored = new ScoredImages(["a", "b"], likelihoods, Verdicts: null)
        {
            Binarization = BinarizationRule.Threshold,
            HeldOut = heldOut,
            Threshold = null,
        };
        Assert.Equal(
            ["a,-2.0000,0.5000,0.25,2.00,-3.0000,threshold,50.00", "b,NaN,NaN,NaN,NaN,NaN,threshold,"],
            scored.ToCsv().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1));
    }
}
