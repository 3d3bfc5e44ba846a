using System.IO.Hashing;
using System.Text;
using Sere.Storage;

namespace Sere.Tests.Storage;

/// <summary>
/// A file system under a process that might end, or a machine whose power might fail, at any operation: it remembers what
/// would then be in a folder. A write would have done half of its work, everything else nothing, and what was not flushed
/// to the disk would be gone.
/// </summary>
/// <param name="root">The folder.</param>
internal sealed class StoppingFileSystem(string root) : IFileSystem
{
    private readonly HashSet<string> _unflushed = new(StringComparer.Ordinal);
    private readonly HashSet<UInt128> _seen = [];

    /// <summary>Operations that were begun.</summary>
    public int Operations { get; private set; }

    /// <summary>What a stop would leave, once for all operations that leave the same.</summary>
    public List<StoppedFolder> Stops { get; } = [];

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

    private void Begin()
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var digest = new XxHash128();
        foreach (string path in Directory.GetFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(root, path);

            // The lock of the process that would end can be read by nobody, and says nothing.
            byte[] content = _unflushed.Contains(path) || name is "run.lock" ? [] : Content(path);
            files.Add(name, content);
            digest.Append(Encoding.UTF8.GetBytes($"{name}\n{content.Length}\n"));
            digest.Append(content);
        }

        if (_seen.Add(digest.GetCurrentHashAsUInt128()))
        {
            Stops.Add(new StoppedFolder(Operations, files));
        }

        Operations++;
    }

    private static byte[] Content(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }

    private sealed class CountedStream : Stream
    {
        private readonly StoppingFileSystem _files;

        public CountedStream(StoppingFileSystem files, string path)
        {
            _files = files;
            Path = path;
            Inner = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
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
            int half = buffer.Length / 2;
            Inner.Write(buffer[..half]);
            Inner.Flush();
            _files.Begin();
            Inner.Write(buffer[half..]);
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

/// <summary>The files that a stop at an operation leaves, by their paths in the folder.</summary>
internal sealed record StoppedFolder(int Operation, IReadOnlyDictionary<string, byte[]> Files)
{
    /// <summary>Writes them into a folder.</summary>
    public void Write(string folder)
    {
        foreach (var (name, content) in Files)
        {
            string path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
        }
    }
}
