using System.Text;

namespace Sere.Tests.Data.Downloads;

/// <summary>What a server may do with a request for a file.</summary>
internal static class Answers
{
    /// <summary>Sends the file, or the range of it that is asked for, as it should be.</summary>
    public static Answer File(byte[] file) => Cut(file, file.Length);

    /// <summary>Sends files by their names.</summary>
    public static Answer Files(Dictionary<string, byte[]> files) => (request, connection, end) =>
        File(files[request.Path.Split('/')[^1]])(request, connection, end);

    /// <summary>As <see cref="File"/>, but the connection breaks off once the client has the first bytes of the file.</summary>
    public static Answer Cut(byte[] file, int upTo) => async (request, connection, end) =>
    {
        if (request.Start >= file.Length)
        {
            await Head(416, $"Content-Range: bytes */{file.Length}", "Content-Length: 0")(request, connection, end);
            return;
        }

        string range = $"Content-Range: bytes {request.Start}-{file.Length - 1}/{file.Length}";
        string length = $"Content-Length: {file.Length - request.Start}";
        await (request.Range is null ? Head(200, length) : Head(206, length, range))(request, connection, end);
        await Send(file[request.Start..upTo])(request, connection, end);
    };

    /// <summary>As <see cref="Cut"/>, but instead of breaking off the connection falls silent.</summary>
    public static Answer Stall(byte[] file, int upTo) => Then(Cut(file, upTo), Silence);

    /// <summary>A head with a length of one's own, then content.</summary>
    public static Answer Announced(long length, byte[] content) => Then(Head(200, $"Content-Length: {length}"), Send(content));

    /// <summary>A status and no content.</summary>
    public static Answer Status(int status) => Head(status, "Content-Length: 0");

    /// <summary>A status line and header lines.</summary>
    public static Answer Head(int status, params string[] headers) => Raw(Encoding.ASCII.GetBytes(
        $"HTTP/1.1 {status} Whatever\r\nConnection: close\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n"));

    /// <summary>Content, which is counted.</summary>
    public static Answer Send(byte[] content) => async (request, connection, end) =>
    {
        await connection.WriteAsync(content, end);
        request.Sent += content.Length;
    };

    /// <summary>Content that never ends.</summary>
    public static Answer SendForever(byte[] content) => async (request, connection, end) =>
    {
        while (true)
        {
            await Send(content)(request, connection, end);
        }
    };

    /// <summary>Content, a byte at a time with a pause between them.</summary>
    public static Answer Trickle(byte[] content, TimeSpan pause) => async (request, connection, end) =>
    {
        foreach (byte value in content)
        {
            await Send([value])(request, connection, end);
            await Task.Delay(pause, end);
        }
    };

    /// <summary>Any bytes.</summary>
    public static Answer Raw(byte[] bytes) => async (_, connection, end) => await connection.WriteAsync(bytes, end);

    /// <summary>One after the other.</summary>
    public static Answer Then(Answer first, Answer second) => async (request, connection, end) =>
    {
        await first(request, connection, end);
        await second(request, connection, end);
    };

    /// <summary>Nothing, for ever.</summary>
    public static Task Silence(ServerRequest request, Stream connection, CancellationToken end) =>
        Task.Delay(Timeout.Infinite, end);
}
