using Sere.Data.Downloads;
using Xunit;

namespace Sere.Tests.Data.Downloads;

/// <summary>A data folder, and downloads into it.</summary>
internal sealed class FetchFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>The gzipped file "first".</summary>
    public static byte[] Zipped { get; } = IdxFile.Zip(SmallDataset.Content());

    /// <summary>Nothing here waits, and nothing runs out of time.</summary>
    public FetchOptions Options { get; set; } = new()
    {
        Attempts = 3,
        RetryDelay = TimeSpan.Zero,
        StallTimeout = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromMinutes(5),
    };

    public RecordedFetch Observer { get; } = new();

    public string DataFolder => _folder.Path;

    /// <summary>The folder of the data set.</summary>
    public string Folder => _folder.File("small");

    public string Target => Path.Combine(Folder, "first.gz");

    public string Part => Target + ".part";

    /// <summary>The names of the files that are there, but the lock.</summary>
    public string[] Files =>
    [
        .. new DirectoryInfo(Folder).EnumerateFiles().Select(file => file.Name)
            .Where(name => !name.EndsWith(".lock", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    public void Dispose() => _folder.Dispose();

    public void Write(string name, byte[] content) => _folder.Write(Path.Combine("small", name), content);

    /// <summary>Fetches the data set of one file.</summary>
    public Task<string> FetchAsync(params LoopbackServer[] servers) =>
        FetchAsync(SmallDataset.Single([.. servers.Select(server => server.Address)]));

    public Task<string> FetchAsync(RemoteDataset dataset, CancellationToken? cancellation = null) =>
        new DatasetFetcher(Options, Observer).FetchAsync(
            dataset, DataFolder, cancellation ?? TestContext.Current.CancellationToken);

    /// <summary>It is in its place and nothing else is there.</summary>
    public void RequireFetched()
    {
        Assert.Equal(["first.gz"], Files);
        Assert.Equal(Zipped, File.ReadAllBytes(Target));
        Assert.Equal([Target], Observer.Fetched);
    }

    /// <summary>Fetching the data set of one file fails in one sentence; nothing is in its place.</summary>
    public async Task<string> RequireRefusedAsync(params LoopbackServer[] servers)
    {
        string message = (await Assert.ThrowsAsync<SereException>(() => FetchAsync(servers))).Message;
        Assert.False(File.Exists(Target));
        Assert.Empty(Observer.Fetched);
        Assert.StartsWith("'first.gz' could not be downloaded: ", message, StringComparison.Ordinal);
        Assert.EndsWith($"copy the files of the data set into '{Folder}' yourself.", message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", message);
        Assert.All(servers, server => Assert.Contains(server.Address.ToString(), message));
        return message;
    }
}
