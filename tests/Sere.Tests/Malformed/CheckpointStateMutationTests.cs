using System.Text;
using System.Text.Json;
using Sere.Runs;
using Sere.Storage;
using Sere.Training;
using Xunit;

namespace Sere.Tests.Malformed;

public sealed class CheckpointStateMutationTests
{
    [Fact]
    public void Damaged_checkpoint_states_are_refused_or_read()
    {
        byte[] sound = Signed(State());
        new MutationRun(
            "step-000000123.json",
            [
                new MalformedForm("bytes", sound),
                new MalformedForm("tokens", sound, JsonMutation.Of),
                new MalformedForm("tokens, signed again", sound, JsonMutation.Of, SignAgain),
            ],
            path =>
            {
                RunState state = RunStateFile.Read(path);
                Assert.True(state.Progress.Step >= 0 && state.Progress.Epoch >= 0);
                Assert.All(state.Progress.KlSums, sum => Assert.True(double.IsFinite(sum)));
            }).Check();
    }

    private static RunState State() => new()
    {
        Format = RunState.CurrentFormat,
        Digest = new string('a', 64),
        Progress = new TrainingProgress
        {
            Epoch = 2,
            StepInEpoch = 23,
            Step = 123,
            Images = 2300,
            LogLikelihoodSum = -123456.789,
            KlSums = [1.5, 2.25, 1e-3],
            GradientNormSum = 17.5,
            Seconds = 3.25,
        },
        OptimizerSteps = 122,
        BestValidationElbo = -98.5,
        BestEpoch = 2,
        Seconds = 45.5,
    };

    private static byte[] Signed(RunState state)
    {
        using var folder = new TemporaryFolder(inMemory: true);
        RunStateFile.Write(folder.File("state.json"), state, PhysicalFileSystem.Instance);
        return File.ReadAllBytes(folder.File("state.json"));
    }

    /// <summary>With a digest of its own again, where it can still be read as a state.</summary>
    private static byte[] SignAgain(byte[] damaged)
    {
        try
        {
            var state = JsonSerializer.Deserialize<RunState>(Encoding.UTF8.GetString(damaged), RunJson.Line);
            return state?.Progress?.KlSums is null ? damaged : Signed(state);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return damaged;
        }
    }
}
