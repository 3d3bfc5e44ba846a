using Sere.Runs;
using Xunit;

namespace Sere.Tests.Architecture;

public sealed class SourceFileTests
{
    private const int MostLines = 300;
    private static readonly string SourceFolder = Path.Combine(RepositoryFolder.Path, "src");

    [Fact]
    public void Each_public_type_stands_in_a_file_of_its_name_in_the_folder_of_its_namespace()
    {
        string[] missing =
        [
            .. typeof(TrainingRun).Assembly.GetExportedTypes()
                .Where(type => !type.IsNested)
                .Select(type => Path.Combine([.. type.Namespace!.Split('.').Skip(1), type.Name.Split('`')[0] + ".cs"]))
                .Where(file => !File.Exists(Path.Combine(SourceFolder, "Sere", file))),
        ];
        Assert.Empty(missing);
    }

    [Fact]
    public void No_source_file_is_long()
    {
        (string Path, int Lines)[] files =
        [
            .. Directory.EnumerateFiles(SourceFolder, "*.cs", SearchOption.AllDirectories)
                .Where(path => !Path.GetRelativePath(SourceFolder, path).Split(Path.DirectorySeparatorChar)
                    .Any(part => part is "bin" or "obj"))
                .Select(path => (path, File.ReadLines(path).Count())),
        ];
        Assert.True(files.Length > 100, $"Only {files.Length} source files were found.");
        Assert.All(files, file => Assert.True(file.Lines <= MostLines, $"{file.Path} has {file.Lines} lines."));
    }
}
