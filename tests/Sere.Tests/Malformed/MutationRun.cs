using System.Globalization;
using Xunit;

namespace Sere.Tests.Malformed;

/// <summary>
/// Damages sound files in many seeded ways and lets a reader read each: it must succeed, or refuse the file in one
/// sentence that names it, and take memory in proportion to it. SERE_MUTATIONS sets the number of damaged files a
/// reader, with other seeds than the usual ones; SERE_MUTATION_SEED sets the first seed, which repeats a failure. A
/// reader that ends the process leaves the file that it read in a folder "sere-tests-" of /dev/shm or of the temporary
/// files.
/// </summary>
/// <param name="fileName">The name of the file, with an extension where readers ask for one.</param>
/// <param name="forms">Sound files of several forms.</param>
/// <param name="read">Reads a path and checks what it read.</param>
internal sealed class MutationRun(string fileName, IReadOnlyList<MalformedForm> forms, Action<string> read)
{
    private const int UsualMutations = 10_000;
    private const int FirstLongSeed = 1_000_000;
    private const int FewestToJudge = 1_000;

    private int _seed;
    private int _accepted;
    private int _refused;
    private long _mostMemory;

    /// <summary>The most memory that may be allocated for each byte of a file.</summary>
    public long MemoryPerByte { get; init; } = 64;

    /// <summary>The most memory that may be allocated beyond that: buffers, messages and stack traces.</summary>
    public long MemoryBesides { get; init; } = 1 << 18;

    /// <summary>
    /// After how long without a next file a reader counts as hanging. No file here takes a second, even on a slow
    /// machine that does many other things.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Fails with the form and seed of the first file at which the reader breaks the rules.</summary>
    public void Check()
    {
        int? wanted = Number("SERE_MUTATIONS");
        int count = wanted ?? UsualMutations;
        int first = Number("SERE_MUTATION_SEED") ?? (wanted is null ? 0 : FirstLongSeed);
        using var folder = new TemporaryFolder(inMemory: true);
        string path = folder.File(fileName);
        foreach (MalformedForm form in forms)
        {
            File.WriteAllBytes(path, form.File());
            read(path);
        }

        Exception? failure = null;
        var worker = new Thread(() => failure = Record.Exception(() => ReadDamaged(path, first, count)))
        {
            IsBackground = true,
        };
        worker.Start();
        int? before = null;
        while (!worker.Join(Patience))
        {
            int seed = Volatile.Read(ref _seed);
            if (seed == before)
            {
                Assert.Fail($"{Name(seed)}: no end after {Patience.TotalSeconds} s.");
            }

            before = seed;
        }

        if (failure is not null)
        {
            Assert.Fail($"{Name(_seed)}: {failure.Message}");
        }

        string counts = $"{_accepted} were accepted and {_refused} refused.";
        TestContext.Current.SendDiagnosticMessage($"{fileName}: {counts} None took more than {_mostMemory} bytes.");
        Assert.True(count < FewestToJudge || (_accepted >= count / 100 && _refused >= count / 10), counts);
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : null;

    private MalformedForm FormOf(int seed) => forms[seed % forms.Count];

    private string Name(int seed) =>
        $"{fileName}, form '{FormOf(seed).Name}' (SERE_MUTATION_SEED={seed} SERE_MUTATIONS=1 repeats it)";

    private void ReadDamaged(string path, int first, int count)
    {
        for (int seed = first; seed < first + count; seed++)
        {
            Volatile.Write(ref _seed, seed);
            byte[] file = FormOf(seed).DamagedFile(seed);
            File.WriteAllBytes(path, file);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? error = null;
            try
            {
                read(path);
                _accepted++;
            }
            catch (Exception caught)
            {
                error = caught;
                _refused++;
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            _mostMemory = Math.Max(_mostMemory, allocated);
            CheckRefusal(error, path);
            Assert.True(
                allocated <= MemoryBesides + (MemoryPerByte * file.Length),
                $"{allocated} bytes were allocated for a file of {file.Length}.");
        }
    }

    private static void CheckRefusal(Exception? error, string path)
    {
        if (error is null)
        {
            return;
        }

        Assert.True(error is SereException, error.ToString());
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
        Assert.True(error.Message[^1] is '.' or '?', error.Message);
    }
}
