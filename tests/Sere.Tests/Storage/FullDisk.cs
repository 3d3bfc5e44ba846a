using Sere.Storage;

namespace Sere.Tests.Storage;

/// <summary>A disk that can hold so many bytes more and then answers as a full one does.</summary>
internal sealed class FullDisk : IFileSystem
{
    // ENOSPC; on Windows ERROR_DISK_FULL.
    private static readonly int NoSpace = OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28;
    private long _free;

    /// <summary>A disk with this much space.</summary>
    public FullDisk(long free)
    {
        _free = free;
    }

    public Stream Create(string path) => new LimitedStream(this, path);

    public void FlushToDisk(Stream stream) => ((LimitedStream)stream).Flush();

    public void Move(string source, string target) => PhysicalFileSystem.Instance.Move(source, target);

    public void Delete(string path) => PhysicalFileSystem.Instance.Delete(path);

    private sealed class LimitedStream : MemoryStream
    {
        private readonly FullDisk _disk;
        private readonly string _path;

        public LimitedStream(FullDisk disk, string path)
        {
            _disk = disk;
            _path = path;
            File.WriteAllBytes(path, []);
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if ((_disk._free -= buffer.Length) < 0)
            {
                throw new IOException("No space left on device", NoSpace);
            }

            base.Write(buffer);
        }

        public override void Flush() => File.WriteAllBytes(_path, ToArray());
    }
}
