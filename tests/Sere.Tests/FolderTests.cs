namespace Sere.Tests;

/// <summary>Tests that have a folder of their own each, which goes with them.</summary>
public abstract class FolderTests : IDisposable
{
    private protected readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }
}
