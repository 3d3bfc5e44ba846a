using System.Runtime.Versioning;
using Sere.Numerics;
using Xunit;

namespace Sere.Tests.Numerics;

[SupportedOSPlatform("linux")]
public sealed class NativeLibraryLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sere-tests-").FullName;

    public NativeLibraryLoaderTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "The loader is for Linux only.");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_missing_library_is_named_with_the_folders_that_were_searched()
    {
        string other = Path.Combine(_folder, "other");
        Directory.CreateDirectory(other);
        string message = Failure(() => new NativeLibraryLoader([_folder, other], null).Load());
        Assert.Contains("libLibTorchSharp.so", message, StringComparison.Ordinal);
        Assert.Contains($"{_folder}, {other}", message, StringComparison.Ordinal);
        Assert.Contains($"TorchSharp {RepositoryFolder.Pinned("TorchSharpVersion")}", message, StringComparison.Ordinal);
        AssertOneSentence(message);
        AssertOneSentence(Failure(() => new NativeLibraryLoader([], null).Load()));
    }

    [Fact]
    public void A_missing_libtorch_is_named_with_the_package_that_brings_it()
    {
        File.WriteAllText(Path.Combine(_folder, "libLibTorchSharp.so"), "");
        string message = Failure(() => new NativeLibraryLoader([_folder], null).Load());
        Assert.Contains("libc10.so", message, StringComparison.Ordinal);
        Assert.Contains($"libtorch-cpu-linux-x64 {RepositoryFolder.Pinned("LibTorchVersion")}", message, StringComparison.Ordinal);
        AssertOneSentence(message);
    }

    [Fact]
    public void A_folder_that_lacks_a_part_of_libtorch_is_named_and_no_other_is_searched()
    {
        string torch = Path.Combine(_folder, "torch");
        Directory.CreateDirectory(torch);
        foreach (string name in (string[])["libLibTorchSharp.so", "libc10.so"])
        {
            File.WriteAllText(Path.Combine(_folder, name), "");
        }

        string message = Failure(() => new NativeLibraryLoader([_folder], null, torch).Load());
        Assert.Contains($"The folder {torch} lacks libc10.so", message, StringComparison.Ordinal);
        Assert.Contains("--libtorch", message, StringComparison.Ordinal);
        AssertOneSentence(message);
    }

    [Fact]
    public void A_library_that_the_system_refuses_is_named_with_the_reason()
    {
        foreach (string name in (string[])["libLibTorchSharp.so", "libc10.so"])
        {
            File.WriteAllText(Path.Combine(_folder, name), "this is no library");
        }

        string message = Failure(() => new NativeLibraryLoader([_folder], null).Load());
        Assert.Contains(Path.Combine(_folder, "libc10.so"), message, StringComparison.Ordinal);
        AssertOneSentence(message);
    }

    [Fact]
    public void Files_that_are_cut_off_or_no_libraries_are_refused_before_they_are_loaded()
    {
        var loader = new NativeLibraryLoader([_folder], null);
        loader.CheckFiles();
        string path = Path.Combine(_folder, "libtorch_cpu.so");
        byte[] whole = new ElfBuilder().Need("libm.so.6", ("GLIBC_2.2.5", 0, 2)).Build();
        int segments = (int)ElfSegments.LengthToLoad(whole);
        File.WriteAllBytes(path, whole[..segments]);
        loader.CheckFiles();
        File.WriteAllBytes(path, whole[..(segments - 1)]);
        string message = Failure(loader.CheckFiles);
        Assert.Contains($"{path} is damaged", message, StringComparison.Ordinal);
        AssertOneSentence(message);
        File.WriteAllText(path, "this is no library");
        Assert.Contains("not an ELF file", Failure(loader.CheckFiles), StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_uses_the_version_is_not_patched()
    {
        byte[] file = new ElfBuilder()
            .Need(NativeLibraryLoader.StandardLibrary, (NativeLibraryLoader.StandardLibraryVersion, 0, 5))
            .Symbol(5, relocated: true)
            .Build();
        string message = Failure(() => NativeLibraryLoader.Patch(file, "/somewhere/library.so"));
        Assert.Contains("/somewhere/library.so", message, StringComparison.Ordinal);
        Assert.Contains(NativeLibraryLoader.StandardLibraryVersion, message, StringComparison.Ordinal);
        AssertOneSentence(message);
        AssertOneSentence(Failure(() => NativeLibraryLoader.Patch(new ElfBuilder().Build(), "library.so")));
        AssertOneSentence(Failure(() => NativeLibraryLoader.Patch([1, 2, 3], "library.so")));
    }

    [Fact]
    public void The_library_of_TorchSharp_differs_from_its_patched_copy_in_one_flag()
    {
        byte[] source = File.ReadAllBytes(Shipped());
        byte[] patched = NativeLibraryLoader.Patch(source, "shipped");
        Assert.Equal(source.Length, patched.Length);
        int place = Assert.Single(Enumerable.Range(0, source.Length), i => source[i] != patched[i]);
        Assert.Equal((0, 2), (source[place], patched[place]));
        ElfVersionRequirement requirement = Assert.NotNull(ElfVersionPatcher.Find(
            patched, NativeLibraryLoader.StandardLibrary, NativeLibraryLoader.StandardLibraryVersion));
        Assert.Equal(new ElfVersionRequirement(place, IsWeak: true, IsUsed: false), requirement);
    }

    [Fact]
    public void The_library_of_TorchSharp_uses_the_versions_that_are_not_touched()
    {
        // Shows that the search for uses finds them in a real file.
        ElfVersionRequirement requirement = Assert.NotNull(ElfVersionPatcher.Find(
            File.ReadAllBytes(Shipped()), NativeLibraryLoader.StandardLibrary, "GLIBCXX_3.4.21"));
        Assert.True(requirement.IsUsed);
    }

    [Fact]
    public void The_name_of_a_copy_changes_with_the_content_of_its_source()
    {
        Assert.Equal(NativeLibraryLoader.CopyName([1, 2]), NativeLibraryLoader.CopyName([1, 2]));
        Assert.NotEqual(
            NativeLibraryLoader.CopyName([1, 2]), NativeLibraryLoader.CopyName([1, 3]), StringComparer.Ordinal);
    }

    internal static string Shipped() =>
        NativeLibraryFolders.OfApplication()
            .Select(static folder => Path.Combine(folder, NativeLibraryLoader.LibraryFile))
            .First(File.Exists);

    private static string Failure(Action action) => Assert.Throws<SereException>(action).Message;

    private static void AssertOneSentence(string message)
    {
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain(". ", message, StringComparison.Ordinal);
    }
}
