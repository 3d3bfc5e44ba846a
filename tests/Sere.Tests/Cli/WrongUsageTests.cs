using Xunit;

namespace Sere.Tests.Cli;

/// <summary>Exit code 2: the request itself is wrong, and the sentence says what is right.</summary>
public sealed class WrongUsageTests
{
    [Theory]
    [InlineData("trian", "'trian'", "'train'")]
    [InlineData("train --sede 3", "'--sede'", "'--seed'")]
    [InlineData("train --verboze", "'--verboze'", "'--verbose'")]
    [InlineData("train digits", "'digits'", "sere train --help")]
    [InlineData("train --preset digit", "\"digit\"", "\"digits\"")]
    [InlineData("presets mnist-ml", "\"mnist-ml\"", "\"mnist-mlp\"")]
    [InlineData("train --dataset mnits", "'mnits'", "'mnist'")]
    [InlineData("data fecth", "'fecth'", "'fetch'")]
    [InlineData("data fetch mnits", "'mnits'", "'mnist'")]
    [InlineData("data info digit", "'digit'", "'digits'")]
    [InlineData("data fetch mnist --foce", "sere data fetch has no option '--foce'", "'--force'")]
    [InlineData("data fetch mnist --verboze", "sere data fetch has no option '--verboze'", "'--verbose'")]
    [InlineData("train --set training.epoch=3", "\"training.epoch\"", "\"epochs\"")]
    [InlineData("train --set modle.layers=3", "\"modle\"", "\"model\"")]
    public void An_unknown_name_is_refused_with_the_nearest_one(string command, string name, string nearest) =>
        SereCommand.Run(command.Split(' ')).Refused(2, name, nearest);

    [Theory]
    [InlineData("train --epochs 0", "training.epochs is 0")]
    [InlineData("train --set model.layers=0", "model.layers is 0")]
    [InlineData("train --set model.layers=many", "model.layers")]
    [InlineData("train --threads 0", "--threads 0")]
    [InlineData("train --set model.layers=100 --set model.evidence.network.hidden=[65536,65536]", "too large for this machine", "GiB", "lower the layers")]
    [InlineData("train --set dataset.binarization=none", "dataset.binarization is \"none\"", "dynamic or threshold")]
    [InlineData("train --device tpu", "'tpu'")]
    [InlineData("train --seed abc", "--seed", "'abc'")]
    [InlineData("evaluate run --limit 0", "--limit")]
    [InlineData("evaluate run --limit 99999999999", "--limit", "'99999999999'")]
    [InlineData("evaluate run --importance-samples 0", "--importance-samples 0")]
    [InlineData("evaluate run --split tests", "--split", "'tests'", "test or validation or train")]
    [InlineData("evaluate run --checkpoint 1", "--checkpoint", "'1'", "best or last")]
    [InlineData("sample run --count 0", "--count 0")]
    [InlineData("sample run --temperature -1", "--temperature -1")]
    [InlineData("sample run --temperature NaN", "--temperature NaN")]
    [InlineData("bench --steps 0", "--steps 0")]
    [InlineData("bench --batch 0", "--batch 0")]
    [InlineData("bench --preset digit", "\"digit\"", "\"digits\"")]
    [InlineData("data fetch digits", "'digits'", "built in")]
    [InlineData("data fetch mnist --mirror ftp://example.org/", "'ftp://example.org/'", "http or https")]
    public void A_value_out_of_its_range_is_refused(string command, params string[] parts) =>
        SereCommand.Run(command.Split(' ')).Refused(2, parts);

    [Theory]
    [InlineData("evaluate", "RUN")]
    [InlineData("evaluate ", "RUN")]
    [InlineData("score run --out scores.csv", "--input")]
    [InlineData("train --run ", "--run")]
    [InlineData("data", "sere data needs one of its commands: fetch, export, info", "see sere data --help")]
    [InlineData("data fetch", "NAME", "see sere data fetch --help")]
    [InlineData("data fetch ", "NAME is empty", "see sere data fetch --help")]
    [InlineData("data fetch mnist --mirror ", "--mirror is empty")]
    [InlineData("train --preset digits --config digits.json", "--preset", "--config")]
    public void A_command_with_too_little_or_too_much_is_refused(string command, params string[] parts) =>
        SereCommand.Run(command.Split(' ')).Refused(2, parts);
}
