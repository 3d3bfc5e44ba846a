namespace Sere.Tests.Data.Downloads;

/// <summary>A request that a <see cref="LoopbackServer"/> got, and what it sent for it.</summary>
internal sealed class ServerRequest
{
    public ServerRequest(string head)
    {
        string[] lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Path = lines[0].Split(' ')[1];
        Headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
    }

    public string Path { get; }

    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>The value of the Range header, or null.</summary>
    public string? Range => Headers.GetValueOrDefault("Range");

    /// <summary>The first byte that is asked for.</summary>
    public int Start => Range is { } range ? int.Parse(range["bytes=".Length..^1]) : 0;

    /// <summary>Bytes of content that were sent.</summary>
    public int Sent { get; set; }
}
