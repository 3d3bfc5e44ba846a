namespace Sere.Tests.Data.Downloads;

/// <summary>Counts the bytes that are read.</summary>
internal sealed class CountingStream : MemoryStream
{
    public CountingStream(byte[] content)
        : base(content)
    {
    }

    public long BytesRead { get; private set; }

    public override int Read(byte[] buffer, int offset, int count) => Count(base.Read(buffer, offset, count));

    public override int Read(Span<byte> buffer) => Count(base.Read(buffer));

    private int Count(int read)
    {
        BytesRead += read;
        return read;
    }
}
