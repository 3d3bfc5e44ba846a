using System.Text.RegularExpressions;
using Xunit;

namespace Sere.Tests.Architecture;

public sealed partial class SourceFileTests
{
    private const int MostLines = 500;

    /// <summary>Files that are longer, each with the reason why it is one idea all the same.</summary>
    private static readonly Dictionary<string, string> LongFiles = new(StringComparer.Ordinal);

    /// <summary>Files that open files by themselves; all others go through these of the room Storage.</summary>
    private static readonly Dictionary<string, string> Openers = new(StringComparer.Ordinal)
    {
        ["Sere.Cli/Terminal.cs"] = "holds the numbers of closed streams",
        ["Sere.Runs/Data/Downloads/PartDownload.cs"] = "goes on with a file where it ends",
        ["Sere/Numerics/NativeLibraryLoader.cs"] = "reads the program's own libraries",
        ["Sere/Numerics/PatchedLibraryCache.cs"] = "checks owners and modes",
        ["Sere/Numerics/ProcessMemory.cs"] = "reads figures of the system",
        ["Sere.Runs/Runs/Comparison/StepTimes.cs"] = "reads figures of the system",
        ["Sere.Runs/Runs/Configuration/ConfigurationFile.cs"] = "reads pipes that the user names, and what the build put into the library",
        ["Sere.Runs/Runs/TensorBoardLog.cs"] = "makes a new file that grows",
        ["Sere.Runs/Storage/AtomicFile.cs"] = "writes and locks, and is the file system",
        ["Sere.Runs/Storage/OrdinaryFile.cs"] = "reads, and looks for links",
    };

    /// <summary>
    /// Files that call libtorch's own products and factorizations, whose bits depend on the number of threads; all others go
    /// through <c>TensorMath</c>, which has all threads compute.
    /// </summary>
    private static readonly Dictionary<string, string> Multipliers = new(StringComparer.Ordinal)
    {
        ["Sere/Bijectors/TriangularLinearBijector.cs"] = "solves, with all threads",
        ["Sere/Evaluation/FeatureStatistics.cs"] = "factorizes, with all threads",
        ["Sere/Evaluation/NoveltyDensity.cs"] = "factorizes, with all threads",
        ["Sere/Evaluation/PrincipalComponents.cs"] = "factorizes, with all threads",
        ["Sere/Networks/PrincipalAxes.cs"] = "factorizes what ShrunkCovariance gives",
        ["Sere/Numerics/ProductPrecision.cs"] = "is called by TensorMath",
        ["Sere/Numerics/ShrunkCovariance.cs"] = "factorizes, with all threads",
        ["Sere/Numerics/TensorMath.cs"] = "is the place",
        ["Sere.Runs/Performance/PerformanceBenchmark.cs"] = "measures them",
    };

    private static readonly string SourceFolder = Path.Combine(RepositoryFolder.Path, "src");

    private static readonly Lazy<(string Path, string Text)[]> Files = new(() =>
    [
        .. Directory.EnumerateFiles(SourceFolder, "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(SourceFolder, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal)
            .Select(path => (path, File.ReadAllText(Path.Combine(SourceFolder, path)))),
    ]);

    [Fact]
    public void Each_file_bears_the_name_of_a_type_that_it_declares() =>
        Assert.All(
            Files.Value.Where(file => Namespace().IsMatch(file.Text)),
            file => Assert.Contains(
                System.IO.Path.GetFileNameWithoutExtension(file.Path),
                DeclaredType().Matches(file.Text).Select(match => match.Groups["name"].Value)));

    [Fact]
    public void Each_file_stands_in_the_folder_of_its_namespace() =>
        Assert.All(
            Files.Value.Where(file => Namespace().IsMatch(file.Text)),
            file => Assert.Equal(
                FolderNamespace(file.Path),
                Namespace().Match(file.Text).Groups["name"].Value));

    /// <summary>
    /// Whoever opens a file by its path meets links, pipes and files of any size: one place knows what to do about them.
    /// Shown to fail with <c>File.ReadAllText</c> in <c>RunFolder.ReadCommand</c>'s room.
    /// </summary>
    [Fact]
    public void Only_a_few_places_open_files_by_themselves() =>
        Assert.Equal(
            Openers.Keys.Order(StringComparer.Ordinal),
            Files.Value.Where(file => Opening().IsMatch(file.Text)).Select(file => file.Path));

    // Shown to fail with a matmul in ChainBijector.
    [Fact]
    public void Products_that_depend_on_the_number_of_threads_have_all_of_them() =>
        Assert.Equal(
            Multipliers.Keys.Order(StringComparer.Ordinal),
            Files.Value.Where(file => Multiplying().IsMatch(file.Text)).Select(file => file.Path));

    [Fact]
    public void A_long_file_has_a_reason()
    {
        Assert.True(Files.Value.Length > 100, $"Only {Files.Value.Length} source files were found.");
        Assert.Equal(
            LongFiles.Keys.Order(StringComparer.Ordinal),
            Files.Value.Where(file => file.Text.Count(letter => letter == '\n') > MostLines).Select(file => file.Path));
    }

    // Shown to fail on each arm that was mended with it, such as "_ => new BernoulliFamily()" of a switch over kinds of
    // data. The compiler refuses a switch expression without a named value of an enumeration and without "_" (CS8509).
    [Fact]
    public void No_arm_of_a_switch_swallows_an_unknown_kind() =>
        Assert.All(
            Files.Value,
            file =>
            {
                string[] lines = file.Text.Split('\n');
                var swallowing = lines.Index().Where(line => Swallows().IsMatch(line.Item + ThenOf(lines, line.Index)))
                    .Where(line => ArmsBefore(lines, line.Index).Any(arm => Kinds.Value.Contains(arm)));
                Assert.Empty(swallowing.Select(line => $"{file.Path}:{line.Index + 1} {line.Item.Trim()}"));
            });

    /// <summary>Enumerations, what derives from an abstract type of ours, and these abstract types.</summary>
    private static readonly Lazy<HashSet<string>> Kinds = new(() =>
    [
        .. LibraryAssemblies.Types
            .Where(type => type.IsEnum || IsOpen(type)
                || (type.BaseType is { } parent && LibraryAssemblies.All.Contains(parent.Assembly) && IsOpen(parent)))
            .Select(type => type.Name),
    ]);

    /// <summary>A room of the library is a namespace below Sere, in whichever of the two assemblies it stands.</summary>
    private static string FolderNamespace(string path)
    {
        string[] folders = path.Split('/')[..^1];
        return string.Join('.', folders is ["Sere.Runs", .. var room] ? ["Sere", .. room] : folders);
    }

    private static bool IsOpen(Type type) => type is { IsAbstract: true, IsSealed: false };

    private static string ThenOf(string[] lines, int index) => index + 1 < lines.Length ? lines[index + 1] : "";

    private static IEnumerable<string> ArmsBefore(string[] lines, int index)
    {
        int indentation = Indentation(lines[index]);
        return lines.Take(index).Reverse()
            .TakeWhile(line => line.Trim().Length == 0 || Indentation(line) >= indentation)
            .Where(line => Indentation(line) == indentation)
            .SelectMany(line => Arm().Matches(line).Select(match => match.Groups["name"].Value));
    }

    private static int Indentation(string line) => line.Length - line.TrimStart().Length;

    [GeneratedRegex(@"^\s*(_ =>(?!\s*(throw|\{))|default:(?!\s*throw))", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Swallows();

    [GeneratedRegex(@"(?<=^\s*(case )?|, |\()(?<name>[A-Z]\w*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Arm();

    [GeneratedRegex(
        @"\bnew (FileStream|StreamReader|StreamWriter|FileInfo)\("
        + @"|(?<!\w)File\.(Read|Open|Write|Append|Create|Copy|Move|Delete|Replace)\w*\b"
        + "|RandomAccess|MemoryMappedFile|SKFileStream",
        RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Opening();

    [GeneratedRegex(
        @"\.(matmul|mm|bmm|mv|(b?addb?mm|addmv)_?)\(|functional\.(linear|conv)|torch\.(linalg\.|einsum)",
        RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Multiplying();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"^(public |internal |file |static |sealed |abstract |partial |readonly |ref |unsafe )*"
        + @"(class|struct|record struct|record|interface|enum|delegate \S+) (?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex DeclaredType();
}
