using Xunit;
using Xunit.Sdk;

namespace Sere.Tests.Malformed;

public sealed class MutationRunTests
{
    private static readonly MalformedForm Sound = new("counting", [1, 2, 3, 4, 5, 6, 7, 8]);

    [Fact]
    public void A_reader_that_refuses_by_name_passes() =>
        Run(path => throw new SereException($"'{path}' is damaged.")).Check();

    [Fact]
    public void An_error_of_another_type_fails_with_the_seed_that_repeats_it()
    {
        string message = Failure(Run(_ => throw new InvalidDataException("damaged.")));
        Assert.Contains("InvalidDataException", message, StringComparison.Ordinal);
        Assert.Matches("'counting' \\(SERE_MUTATION_SEED=\\d+ SERE_MUTATIONS=1 repeats it\\)", message);
    }

    [Theory]
    [InlineData("The file is damaged.")]
    [InlineData("'PATH' is damaged")]
    [InlineData("'PATH' is damaged:\nhere.")]
    [InlineData("'PATH' is \u001b[1mdamaged.")]
    public void A_refusal_that_is_no_sentence_about_the_file_fails(string sentence) =>
        Failure(Run(path => throw new SereException(sentence.Replace("PATH", path, StringComparison.Ordinal))));

    [Fact]
    public void Memory_out_of_proportion_fails()
    {
        byte[]? held = null;
        string message = Failure(Run(_ => held = new byte[1 << 20]));
        Assert.Contains("bytes were allocated for a file of", message, StringComparison.Ordinal);
        Assert.NotNull(held);
    }

    [Fact]
    public void A_sound_file_that_is_refused_fails()
    {
        var run = new MutationRun("file", [Sound], path => throw new SereException($"'{path}' is damaged."));
        Assert.Throws<SereException>(run.Check);
    }

    [Fact]
    public void A_reader_that_does_not_end_fails()
    {
        using var end = new ManualResetEventSlim();
        var run = new MutationRun("file", [Sound], Damaged(_ => end.Wait())) { Patience = TimeSpan.FromMilliseconds(20) };
        Assert.Contains("no end after", Failure(run), StringComparison.Ordinal);
        end.Set();
    }

    [Fact]
    public void A_seed_gives_the_same_damage_each_time_and_others_give_other()
    {
        Assert.Equal(Sound.DamagedFile(7), Sound.DamagedFile(7));
        byte[][] files = [.. Enumerable.Range(0, 100).Select(Sound.DamagedFile)];
        Assert.InRange(files.Select(Convert.ToHexString).Distinct(StringComparer.Ordinal).Count(), 50, 100);
        Assert.Contains(files, file => file.Length < Sound.Sound.Length);
        Assert.Contains(files, file => file.Length > Sound.Sound.Length);
    }

    private static MutationRun Run(Action<string> readDamaged) => new("file", [Sound], Damaged(readDamaged));

    private static string Failure(MutationRun run) => Assert.ThrowsAny<XunitException>(run.Check).Message;

    /// <summary>A reader that accepts the sound file and, so that it refuses not all, every tenth of the others.</summary>
    private static Action<string> Damaged(Action<string> read)
    {
        int count = 0;
        return path =>
        {
            if (count++ % 10 != 0)
            {
                read(path);
            }
        };
    }
}
