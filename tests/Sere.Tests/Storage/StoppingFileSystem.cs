using Sere.Storage;

namespace Sere.Tests.Storage;

/// <summary>
/// A file system under a process that ends, or a machine whose power fails, at a chosen operation: a write does half of
/// its work, everything else nothing, and what was not flushed to the disk is gone. Afterwards nothing can be done any
/// more, not even tidying up.
/// </summary>
internal sealed class StoppingFileSystem : IFileSystem
{
    private readonly int _stopAt;
    private readonly HashSet<string> _unflushed = new(StringComparer.Ordinal);
    private bool _stopped;

    /// <summary>Stops at an operation, counted from 0.</summary>
    public StoppingFileSystem(int stopAt)
    {
        _stopAt = stopAt;
    }

    /// <summary>Operations that were begun.</summary>
    public int Operations { get; private set; }

    public Stream Create(string path)
    {
        Begin();
        _unflushed.Add(path);
        return new CountedStream(this, path);
    }

    public void FlushToDisk(Stream stream)
    {
        Begin();
        var counted = (CountedStream)stream;
        counted.Inner.Flush();
        _unflushed.Remove(counted.Path);
    }

    public void Move(string source, string target)
    {
        Begin();
        File.Move(source, target, overwrite: true);
        _unflushed.Remove(target);
        if (_unflushed.Remove(source))
        {
            _unflushed.Add(target);
        }
    }

    public void Delete(string path)
    {
        Begin();
        File.Delete(path);
        _unflushed.Remove(path);
    }

    /// <summary>What the disk forgets; to be called when all files are closed.</summary>
    public void LoseUnflushed()
    {
        foreach (string path in _unflushed)
        {
            File.WriteAllBytes(path, []);
        }
    }

    private void Begin(Action? half = null)
    {
        if (_stopped || Operations == _stopAt)
        {
            if (!_stopped)
            {
                half?.Invoke();
            }

            _stopped = true;
            throw new SimulatedStopException();
        }

        Operations++;
    }

    private sealed class CountedStream : Stream
    {
        private readonly StoppingFileSystem _files;

        public CountedStream(StoppingFileSystem files, string path)
        {
            _files = files;
            Path = path;
            Inner = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        }

        public string Path { get; }

        public FileStream Inner { get; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Inner.Length;

        public override long Position
        {
            get => Inner.Position;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            byte[] content = buffer.ToArray();
            _files.Begin(half: () => Inner.Write(content, 0, content.Length / 2));
            Inner.Write(content);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => Inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            Inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
